// A layout in JavaScript: everybody in a grid, whoever speaks marked by a bright frame.
//
// `arrange` is a function of its input alone: the host may ask any instance, in any order, and asks
// again when it renders a recording anew.

const NAME = 'example-layout-js';
const MOST = 17;
const BLACK = { red: 0, green: 0, blue: 0 };
const GREEN = { red: 60, green: 200, blue: 90 };
const FRAME = 0.006;

export const plugin = {
  describe() {
    return {
      name: NAME,
      version: '0.1.0',
      summary: 'Everybody in a grid, with a frame around whoever speaks.',
      // What `configure` takes, as a JSON Schema: this one takes nothing.
      configSchema: JSON.stringify({ type: 'object', properties: {} }),
    };
  },

  // A layout reaches no host: the list of endpoints is empty.
  configure(_config) {
    return [];
  },
};

export const arranger = {
  arrange(input) {
    const options = readOptions(input.options);
    const shown = input.participants.filter((one) => picture(one)).slice(0, MOST);
    const columns = Math.max(1, Math.ceil(Math.sqrt(shown.length)));
    const rows = Math.max(1, Math.ceil(shown.length / columns));
    const layers = shown.flatMap((one, place) => {
      const area = {
        x: (place % columns) / columns,
        y: Math.floor(place / columns) / rows,
        width: 1 / columns,
        height: 1 / rows,
      };
      return cell(one, area, options.frames);
    });
    return { background: BLACK, layers };
  },
};

function cell(one, area, frames) {
  const content = { tag: 'participant', val: { uid: one.uid, source: picture(one) } };
  const layer = { area, content, fit: 'cover', alpha: 1, cornerRadius: 0 };
  if (!frames || !one.speaking) return [layer];
  const frame = { ...layer, content: { tag: 'colour', val: GREEN } };
  return [frame, { ...layer, area: shrunk(area) }];
}

// A shared screen is shown instead of the camera; who has no picture has no cell.
function picture(one) {
  if (one.screen) return 'screen';
  return one.camera ? 'camera' : undefined;
}

function shrunk({ x, y, width, height }) {
  return { x: x + FRAME, y: y + FRAME, width: width - 2 * FRAME, height: height - 2 * FRAME };
}

// Options come from whoever starts the recording. What is thrown is told to them: a sentence, not
// an Error.
function readOptions(text) {
  const { frames = true } = JSON.parse(text);
  if (typeof frames !== 'boolean') throw 'frames: write true or false';
  return { frames };
}
