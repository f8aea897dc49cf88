// A layout in C: everybody in a grid, with a frame around whoever speaks.
//
// What is answered is allocated with malloc; the host's glue in bindings/ frees it after it was read.
#include <stdlib.h>

#include "bindings/layout.h"
#include "grid.h"

void exports_plugin_describe(exports_plugin_manifest_t *ret) {
  layout_string_dup(&ret->name, "example-layout-c");
  layout_string_dup(&ret->version, "0.1.0");
  layout_string_dup(&ret->summary, "Everybody in a grid, with a frame around whoever speaks.");
  // What `configure` takes, as a JSON Schema: this one takes nothing.
  layout_string_dup(&ret->config_schema, "{\"type\": \"object\", \"properties\": {}}");
}

// A layout reaches no host: the list of endpoints is empty.
bool exports_plugin_configure(layout_string_t *config, exports_plugin_list_endpoint_t *ret,
                              exports_plugin_list_config_error_t *err) {
  layout_string_free(config);
  ret->ptr = NULL;
  ret->len = 0;
  return true;
}

static const exports_arranger_colour_t BLACK = {0, 0, 0}, GREEN = {60, 200, 90};

static exports_arranger_layer_t *add(exports_arranger_list_layer_t *layers, struct cell cell) {
  exports_arranger_layer_t *layer = &layers->ptr[layers->len++];
  exports_arranger_rect_t area = {cell.x, cell.y, cell.width, cell.height};
  layer->area = area;
  layer->fit = EXPORTS_ARRANGER_FIT_COVER;
  layer->alpha = 1.0f;
  layer->corner_radius = 0.0f;
  return layer;
}

static bool has_picture(const exports_arranger_participant_t *one) {
  return one->screen.is_some || one->camera.is_some;
}

static void paint(const exports_arranger_participant_t *one, struct cell cell, bool frames,
                  exports_arranger_list_layer_t *layers) {
  if (frames && one->speaking) {
    exports_arranger_layer_t *frame = add(layers, cell);
    frame->content.tag = EXPORTS_ARRANGER_CONTENT_COLOUR;
    frame->content.val.colour = GREEN;
    cell = grid_shrunk(cell);
  }
  exports_arranger_layer_t *picture = add(layers, cell);
  picture->content.tag = EXPORTS_ARRANGER_CONTENT_PARTICIPANT;
  picture->content.val.participant.uid = one->uid;
  // A shared screen is shown instead of the camera.
  picture->content.val.participant.source =
      one->screen.is_some ? EXPORTS_ARRANGER_SOURCE_SCREEN : EXPORTS_ARRANGER_SOURCE_CAMERA;
}

bool exports_arranger_arrange(exports_arranger_input_t *input, exports_arranger_scene_t *ret,
                              layout_string_t *err) {
  bool frames;
  if (!grid_frames((const char *)input->options.ptr, input->options.len, &frames)) {
    layout_string_dup(err, "frames: write true or false");
    exports_arranger_input_free(input);
    return false;
  }
  const exports_arranger_participant_t *people = input->participants.ptr;
  size_t count = 0, place = 0;
  for (size_t n = 0; n < input->participants.len && count < GRID_MOST; n++)
    count += has_picture(&people[n]);
  ret->background = BLACK;
  ret->layers.len = 0;
  // Two layers for each: the frame and the picture.
  ret->layers.ptr = count ? malloc(2 * count * sizeof *ret->layers.ptr) : NULL;
  if (count && !ret->layers.ptr) abort();
  for (size_t n = 0; n < input->participants.len && place < count; n++)
    if (has_picture(&people[n])) paint(&people[n], grid_cell(place++, count), frames, &ret->layers);
  exports_arranger_input_free(input);
  return true;
}
