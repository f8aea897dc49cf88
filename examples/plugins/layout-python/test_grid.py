"""What the layout decides, as plain Python."""

import unittest

import grid


class Grid(unittest.TestCase):
    def test_cells_fill_the_canvas(self):
        self.assertEqual(grid.cells(0), [])
        self.assertEqual(grid.cells(1), [(0, 0, 1, 1)])
        third = 1 / 3
        self.assertEqual(grid.cells(5)[4], (third, 0.5, third, 0.5))

    def test_options_that_make_no_sense_are_told(self):
        self.assertTrue(grid.frames("{}"))
        self.assertFalse(grid.frames('{"frames": false}'))
        for bad in ['{"frames": 7}', "[]", ""]:
            with self.assertRaises(ValueError):
                grid.frames(bad)


if __name__ == "__main__":
    unittest.main()
