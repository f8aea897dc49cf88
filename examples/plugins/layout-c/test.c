// What the layout decides, as plain C.
#include <assert.h>
#include <string.h>

#include "grid.h"

static bool frames(const char *options, bool *sense) {
  bool frames;
  *sense = grid_frames(options, strlen(options), &frames);
  return frames;
}

int main(void) {
  struct cell whole = grid_cell(0, 1), last = grid_cell(4, 5);
  assert(whole.x == 0 && whole.width == 1 && whole.height == 1);
  assert(last.x == 1.0 / 3.0 && last.y == 0.5 && last.height == 0.5);
  assert(grid_shrunk(whole).width < 1);

  bool sense;
  assert(frames("{}", &sense) && sense);
  assert(!frames("{\"frames\": false}", &sense) && sense);
  frames("{\"frames\": 7}", &sense);
  assert(!sense);
  return 0;
}
