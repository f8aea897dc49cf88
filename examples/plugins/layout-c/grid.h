// Where everybody is painted: a grid, decided without anything of the contract.
#ifndef GRID_H
#define GRID_H

#include <stdbool.h>
#include <stddef.h>

// A rectangle in fractions of the canvas.
struct cell {
  double x, y, width, height;
};

enum { GRID_MOST = 17 };

// The cell at `place` of a grid of `count` pictures, which is not 0.
struct cell grid_cell(size_t place, size_t count);

// A cell without its frame.
struct cell grid_shrunk(struct cell cell);

// Reads the option `frames` of a JSON object, true if it isn't there. Answers whether it makes sense.
bool grid_frames(const char *options, size_t length, bool *frames);

#endif
