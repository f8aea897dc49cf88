//! How an output encoding is written into an init segment: one sample entry each.
//!
//! What can be read from parameter sets is read from them, never assumed.

use bytes::Bytes;
use mp4_atom::esds::{DecoderConfig, DecoderSpecific, EsDescriptor, Esds};
use mp4_atom::{
    Audio, Av01, Av1c, Avc1, Avcc, AvccExt, Codec, Colr, Dops, Mp4a, Opus, Visual, Vp08, Vp09, VpcC,
};

use super::fmp4::Fmp4Error;
use crate::bitstream::av1::SequenceHeader;
use crate::bitstream::h264::Sps;
use crate::colour_space::ColourSpace;
use crate::frame::Size;
use crate::sample::Coding;

/// Width and height as sample entries hold them; zero for sound.
pub(super) fn picture_size(coding: &Coding) -> Result<(u16, u16), Fmp4Error> {
    let Some(size) = coding.size() else { return Ok((0, 0)) };
    match (u16::try_from(size.width), u16::try_from(size.height)) {
        (Ok(width), Ok(height)) => Ok((width, height)),
        _ => Err(Fmp4Error::Size { size }),
    }
}

/// The sample entry with the decoder's configuration.
pub(super) fn sample_entry(coding: &Coding, width: u16, height: u16) -> Result<Codec, Fmp4Error> {
    let visual = Visual { data_reference_index: 1, width, height, ..Visual::default() };
    Ok(match coding {
        Coding::H264 { sps, pps, .. } => {
            // The first is that of the size.
            let first = sps.first().map(|sps| Sps::parse(sps)).transpose()?;
            let colr = colr(first.map_or(ColourSpace::UNSAID, |sps| sps.colours));
            Codec::Avc1(Avc1 { visual, avcc: avcc(sps, pps)?, colr, ..Avc1::default() })
        }
        Coding::Av1 { sequence_header, .. } => {
            let colr = colr(SequenceHeader::parse(sequence_header)?.colours);
            Codec::Av01(Av01 { visual, av1c: av1c(sequence_header)?, colr, ..Av01::default() })
        }
        Coding::Vp8 { .. } => {
            // VP8 has no levels; 0 is undefined.
            Codec::Vp08(Vp08 { visual, vpcc: vpcc(0, ColourSpace::UNSAID), ..Vp08::default() })
        }
        Coding::Vp9 { size, colours } => Codec::Vp09(Vp09 {
            visual,
            vpcc: vpcc(vp9_level(*size), *colours),
            colr: colr(*colours),
            ..Vp09::default()
        }),
        Coding::Aac { config, channels, rate } => Codec::Mp4a(Mp4a {
            audio: audio(*channels, u16::try_from(*rate).unwrap_or(0)),
            esds: esds(config),
            btrt: None,
            taic: None,
        }),
        Coding::Opus { channels } => Codec::Opus(Opus {
            audio: audio(*channels, 48_000),
            dops: Dops {
                output_channel_count: *channels,
                pre_skip: 0,
                input_sample_rate: 48_000,
                output_gain: 0,
                channel_mapping: None,
            },
            btrt: None,
        }),
    })
}

/// The VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding, 2.2): 8 bits, 4:2:0 with
/// chroma beside the luma.
fn vpcc(level: u8, colours: ColourSpace) -> VpcC {
    VpcC {
        level,
        chroma_subsampling: 1,
        video_full_range_flag: colours.full_range,
        color_primaries: colours.primaries,
        transfer_characteristics: colours.transfer,
        matrix_coefficients: colours.matrix,
        ..VpcC::default()
    }
}

/// What a player that doesn't look into the stream must know of its colours (12.1.5); nothing where the stream
/// says nothing.
fn colr(colours: ColourSpace) -> Option<Colr> {
    let ColourSpace { primaries, transfer, matrix, full_range } = colours;
    (colours != ColourSpace::UNSAID).then(|| Colr::Nclx {
        colour_primaries: primaries.into(),
        transfer_characteristics: transfer.into(),
        matrix_coefficients: matrix.into(),
        full_range_flag: full_range,
    })
}

/// The lowest level of VP9 whose pictures may be so large, at the picture rate that it allows.
fn vp9_level(size: Size) -> u8 {
    const LEVELS: [(u64, u8); 8] = [
        (36_864, 10),
        (73_728, 11),
        (122_880, 20),
        (245_760, 21),
        (552_960, 30),
        (983_040, 31),
        (2_228_224, 40),
        (8_912_896, 50),
    ];
    let area = u64::from(size.width) * u64::from(size.height);
    LEVELS.iter().find(|(most, _)| area <= *most).map_or(60, |(_, level)| *level)
}

/// The AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1).
fn avcc(sps: &[Bytes], pps: &[Bytes]) -> Result<Avcc, Fmp4Error> {
    let none = Bytes::new();
    let (first, picture) = (sps.first().unwrap_or(&none), pps.first().unwrap_or(&none));
    let parsed = Sps::parse(first)?;
    let mut avcc = Avcc::new(first, picture)?;
    let all = |sets: &[Bytes]| sets.iter().map(|set| set.to_vec()).collect();
    (avcc.sequence_parameter_sets, avcc.picture_parameter_sets) = (all(sps), all(pps));
    // Profiles from High on say again what the parameter set says: 4:2:0, 8 bits.
    if parsed.profile >= 100 {
        avcc.ext = Some(AvccExt::default());
    }
    Ok(avcc)
}

/// The elementary stream descriptor of AAC (ISO 14496-1, 7.2.6; ISO 14496-14, 5.6).
fn esds(config: &[u8]) -> Esds {
    const AAC: u8 = 0x40;
    const AUDIO_STREAM: u8 = 5;
    Esds {
        es_desc: EsDescriptor {
            dec_config: DecoderConfig {
                object_type_indication: AAC,
                stream_type: AUDIO_STREAM,
                dec_specific: Some(DecoderSpecific {
                    raw: config.to_vec(),
                    ..DecoderSpecific::default()
                }),
                ..DecoderConfig::default()
            },
            ..EsDescriptor::default()
        },
    }
}

/// The AV1CodecConfigurationRecord (AV1 in ISO BMFF, 2.3).
fn av1c(sequence_header: &[u8]) -> Result<Av1c, Fmp4Error> {
    let header = SequenceHeader::parse(sequence_header)?;
    Ok(Av1c {
        seq_profile: header.profile,
        seq_level_idx_0: header.level,
        seq_tier_0: header.high_tier,
        high_bitdepth: header.bit_depth > 8,
        twelve_bit: header.bit_depth == 12,
        monochrome: header.monochrome,
        chroma_subsampling_x: header.subsampled_across,
        chroma_subsampling_y: header.subsampled_down,
        chroma_sample_position: header.chroma_position,
        initial_presentation_delay: None,
        config_obus: sequence_header.to_vec(),
    })
}

fn audio(channels: u8, rate: u16) -> Audio {
    Audio {
        data_reference_index: 1,
        channel_count: channels.into(),
        sample_size: 16,
        sample_rate: rate.into(),
    }
}
