/// @file
/// How a mixed picture is laid out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capstan/choices.h"
#include "capstan/json.h"

namespace capstan {

/// One region of the custom layout, in parts of the canvas.
struct LayoutRegion {
  /// For whom it is reserved; without it for whoever joined next.
  std::optional<std::string> uid;
  /// Left edge, 0.0 to 1.0.
  double x_axis = 0;
  /// Top edge, 0.0 to 1.0.
  double y_axis = 0;
  /// In widths of the canvas.
  double width = 0;
  /// In heights of the canvas.
  double height = 0;
  /// 0.0: transparent, 1.0: opaque, which it is unless given.
  std::optional<double> alpha;
  /// How a picture fits; cropped unless given.
  std::optional<RenderMode> render_mode;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// A participant's picture, shown while they send none.
struct BackgroundConfig {
  /// Whose.
  std::string uid;
  /// A URL, or the name of one of the server's images.
  std::string image_url;
  /// How it fits; cropped unless given.
  std::optional<RenderMode> render_mode;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// Capstan's own: a layout plugin by its name, and options for it.
struct LayoutPlugin {
  /// The plugin's name.
  std::optional<std::string> name;
  /// Its options, over what the other fields say.
  std::optional<Json> options;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

/// `clientRequest` of `updateLayout`. It replaces all layout settings: what is left out falls
/// back to its default.
struct LayoutRequest {
  /// How participants are arranged; float unless given.
  std::optional<MixedVideoLayout> mixed_video_layout;
  /// Whose picture is the big one of the vertical layout.
  std::optional<std::string> max_resolution_uid;
  /// # and six hex digits; black unless given.
  std::optional<std::string> background_color;
  /// A picture behind everything: a URL or the name of one of the server's images.
  std::optional<std::string> background_image;
  /// A picture for whoever sends none.
  std::optional<std::string> default_user_background_image;
  /// Pictures of single participants.
  std::vector<BackgroundConfig> background_config;
  /// Capstan's own: another layout plugin, or options for one.
  std::optional<LayoutPlugin> layout;
  /// The regions of the custom layout, at most 17.
  std::vector<LayoutRegion> layout_config;
  /// Fields that this version doesn't know, as JSON texts by their names.
  Extra extra;
};

}  // namespace capstan
