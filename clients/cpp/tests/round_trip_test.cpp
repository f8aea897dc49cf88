// JSON is read and written as it is, what a newer server may send included.

#include "fields_answers.h"
#include "fields_requests.h"
#include "support.h"

namespace capstan::testing {
namespace {

template <class T>
T Read(const std::string& text) {
  internal::Decoder decoder;
  T model = decoder.Decode<T>(internal::ParseJson(text));
  EXPECT_EQ(decoder.wrong(), "");
  return model;
}

template <class T>
std::string Write(const T& model) {
  internal::Encoder encoder;
  const auto value = encoder.Encode(model);
  EXPECT_EQ(encoder.wrong(), "");
  return *internal::WriteJson(value);
}

TEST(RoundTrip, UnknownFieldsAndValuesSurvive) {
  const std::string text =
      R"({"recordingConfig":{"streamTypes":7,"transcodingConfig":{"videoCodec":"vvc",)"
      R"("newest":{"a":[1,2.5,null,"\u0000"]}}},"future":[{"x":12345678901234567890}]})";
  auto read = Read<StartRequest>(text);
  EXPECT_EQ(Write(read), text);
  EXPECT_EQ(read.recording_config->stream_types->value(), 7);
  auto& transcoding = *read.recording_config->transcoding_config;
  EXPECT_EQ(transcoding.video_codec, VideoCodec("vvc"));
  EXPECT_EQ(transcoding.extra.at("newest").text, R"({"a":[1,2.5,null,"\u0000"]})");
  transcoding.width = 640;
  EXPECT_NE(Write(read).find(R"("width":640,"videoCodec":"vvc")"), std::string::npos);
}

TEST(RoundTrip, StructsAreWrittenAsTheyAre) {
  StartRequest start;
  start.recording_config.emplace();
  start.recording_config->subscribe_audio_uids = {"1", "2"};
  auto& transcoding = start.recording_config->transcoding_config.emplace();
  transcoding.mixed_video_layout = MixedVideoLayout::Custom();
  LayoutRegion region;
  region.uid = "7";
  region.x_axis = 0.5;
  region.width = 0.5;
  region.height = 1;
  transcoding.layout_config = {region};
  start.recording_file_config.emplace();
  start.recording_file_config->av_file_type = {AvFileType::Hls(), AvFileType::Mp4()};
  start.storage_config.emplace();
  start.storage_config->vendor = "own";
  start.storage_config->region = 3;
  start.extra["ourOwn"] = Json{"[true]"};
  EXPECT_EQ(Write(start),
            R"({"recordingConfig":{"subscribeAudioUids":["1","2"],"transcodingConfig":)"
            R"({"mixedVideoLayout":3,"layoutConfig":[{"uid":"7","x_axis":0.5,"y_axis":0.0,)"
            R"("width":0.5,"height":1.0}]}},"recordingFileConfig":{"avFileType":["hls","mp4"]},)"
            R"("storageConfig":{"vendor":"own","region":3},"ourOwn":[true]})");
}

TEST(RoundTrip, AnswersOfBothYearsAreRead) {
  const auto old = Read<Answer>(
      R"({"resourceId":"r","sid":"s","serverResponse":{"status":"5","fileListMode":"json",)"
      R"("fileList":[{"filename":"a.m3u8"}]}})");
  EXPECT_EQ(old.server_response->status, Status::InProgress());
  EXPECT_EQ(old.server_response->file_list.at(0).file_name, "a.m3u8");
  const std::string text =
      R"({"status":5,"fileListMode":"string","fileList":"b.m3u8"})";
  const auto today = Read<ServerResponse>(text);
  EXPECT_EQ(today.playlist, "b.m3u8");
  EXPECT_EQ(today.file_list.at(0).file_name, "b.m3u8");
  EXPECT_EQ(Write(today), text);
}

TEST(RoundTrip, WhatIsOfAnotherTypeIsSaid) {
  for (const auto& [text, wrong] : std::vector<std::pair<std::string, std::string>>{
           {R"({"fileName":"a","sliceStartTime":"x"})",
            "sliceStartTime is not an integer of that size"},
           {R"({"fileName":"a","sliceStartTime":18446744073709551615})",
            "sliceStartTime is not an integer of that size"},
           {R"({"fileName":{}})", "fileName is not text"},
           {R"({"fileName":"a","isPlayable":1})", "isPlayable is not true or false"},
           {R"({})", "RecordedFile has no field fileName"},
           {R"([])", "RecordedFile is not an object"}}) {
    internal::Decoder decoder;
    (void)decoder.Decode<RecordedFile>(internal::ParseJson(text));
    EXPECT_EQ(decoder.wrong(), wrong) << text;
  }
}

TEST(RoundTrip, JsonIsReadStrictly) {
  for (const char* bad : {"", "{", "[1,]", "01", "nul", "\"\n\"", "[1] 2", "'a'", "\"\xff\""}) {
    EXPECT_TRUE(internal::ParseJson(bad).is_discarded()) << bad;
  }
  EXPECT_TRUE(internal::ParseJson(std::string(200'000, '[')).is_discarded());
  EXPECT_FALSE(internal::ParseJson(std::string(90, '[') + std::string(90, ']')).is_discarded());
}

}  // namespace
}  // namespace capstan::testing
