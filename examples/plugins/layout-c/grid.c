#include "grid.h"

#include <string.h>

// The frame's width in fractions of the canvas.
static const double FRAME = 0.006;

struct cell grid_cell(size_t place, size_t count) {
  size_t columns = 1;
  while (columns * columns < count) columns++;
  size_t rows = (count + columns - 1) / columns;
  double width = 1.0 / (double)columns, height = 1.0 / (double)rows;
  struct cell cell = {(double)(place % columns) * width, (double)(place / columns) * height, width, height};
  return cell;
}

struct cell grid_shrunk(struct cell cell) {
  struct cell inner = {cell.x + FRAME, cell.y + FRAME, cell.width - 2 * FRAME, cell.height - 2 * FRAME};
  return inner;
}

static const char *find(const char *text, size_t length, const char *what) {
  size_t size = strlen(what);
  for (size_t at = 0; at + size <= length; at++)
    if (memcmp(text + at, what, size) == 0) return text + at;
  return NULL;
}

// One member of a flat object; more options want a JSON parser.
bool grid_frames(const char *options, size_t length, bool *frames) {
  *frames = true;
  const char *end = options + length, *at = find(options, length, "\"frames\"");
  if (!at) return true;
  at += strlen("\"frames\"");
  while (at < end && (*at == ' ' || *at == ':')) at++;
  size_t left = (size_t)(end - at);
  if (left >= 4 && memcmp(at, "true", 4) == 0) return true;
  *frames = false;
  return left >= 5 && memcmp(at, "false", 5) == 0;
}
