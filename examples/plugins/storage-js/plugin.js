// A storage in JavaScript: puts files into a store that takes a token, and believes only a matching
// digest.
//
// The store is as simple as can be: `PUT /<bucket>/<key>`, answered by an `etag` that is the MD5 of
// what arrived. Put your vendor's requests in its place.

const SCHEMA = {
  type: 'object',
  required: ['endpoint', 'bucket', 'token'],
  properties: {
    endpoint: { type: 'string', description: 'https://host[:port] of the store' },
    bucket: { type: 'string' },
    // Marks a secret: the host never shows it.
    token: { type: 'string', writeOnly: true },
  },
  examples: [{ endpoint: 'https://store.example.com', bucket: 'recordings', token: 'of-the-example' }],
};

let config;

export const plugin = {
  describe() {
    return {
      name: 'example-storage-js',
      version: '0.1.0',
      summary: 'Puts files into a store that takes a token.',
      configSchema: JSON.stringify(SCHEMA),
    };
  },

  // The host calls it once in each fresh instance. What is thrown are the configuration's mistakes.
  configure(text) {
    config = parse(text);
    const { transport: scheme, host, port } = config;
    return [{ scheme, host, port }];
  },
};

// One job: told what happened, it answers what to do next. First the host computes the file's digest,
// then it sends the file.
class Upload {
  #job;
  #digest;

  constructor(job) {
    this.#job = job;
  }

  // One request takes the whole file: there is nothing to go on from, and nothing to save.
  static open(job, _saved) {
    return new Upload(job);
  }

  next(_at, [event]) {
    const { tag, val } = event?.outcome ?? { tag: 'begin' };
    switch (tag) {
      case 'begin':
        return act(1, { tag: 'digest', val: { algorithm: 'md5', of: whole(this.#job) } });
      case 'digest':
        this.#digest = hex(val);
        return act(2, { tag: 'send', val: put(this.#job) });
      case 'response':
        return this.#judge(val);
      case 'no-response':
        return failed(silence(val.error), val.detail);
      default:
        return failed({ tag: 'rejected' }, `${tag}: ${val}`);
    }
  }

  save() {
    return new Uint8Array();
  }

  abort(_at) {
    return failed({ tag: 'rejected' }, 'given up; nothing is left behind');
  }

  // Done only if the store holds what was sent.
  #judge(response) {
    if (response.status !== 200 && response.status !== 201) return failed(kind(response), words(response));
    const etag = header(response, 'etag')?.replaceAll('"', '');
    if (etag !== this.#digest) {
      return failed({ tag: 'integrity' }, 'the store holds something else than was sent');
    }
    const { transport, host, port } = config;
    const url = `${transport}://${host}${port ? `:${port}` : ''}${target(this.#job)}`;
    return { tag: 'done', val: { url, etag } };
  }
}

export const uploader = { Upload };

function put(job) {
  return {
    method: { tag: 'put' },
    transport: config.transport,
    host: config.host,
    port: config.port,
    target: target(job),
    headers: [
      ['authorization', `Bearer ${config.token}`],
      ['content-type', job.contentType],
    ],
    body: whole(job),
    // A refusal then costs no upload.
    askFirst: true,
    maxResponse: 16 * 1024,
  };
}

// The file as a body: the host reads it, its bytes never come here.
function whole(job) {
  return job.size === 0n ? [] : [{ tag: 'file', val: { offset: 0n, length: job.size } }];
}

// What isn't a letter, a digit or one of `-._~` travels as %XX.
function target(job) {
  const escape = (part) => encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `/${escape(config.bucket)}/${job.key.split('/').map(escape).join('/')}`;
}

function kind(response) {
  const { status } = response;
  if (status >= 300 && status < 400) return { tag: 'wrong-region', val: header(response, 'location') };
  const known = { 401: 'bad-credentials', 403: 'denied', 404: 'no-bucket', 409: 'already-exists', 412: 'already-exists', 507: 'quota' };
  if (known[status]) return { tag: known[status] };
  if (status === 429 || status === 503) {
    const seconds = Number.parseInt(header(response, 'retry-after') ?? '', 10);
    return { tag: 'throttled', val: Number.isNaN(seconds) ? undefined : Math.min(seconds, 3600) * 1000 };
  }
  return { tag: status >= 500 ? 'transient' : 'rejected' };
}

function silence(error) {
  if (error === 'refused' || error === 'invalid') return { tag: 'bad-config' };
  return { tag: error === 'file' ? 'rejected' : 'transient' };
}

function failed(kind, text) {
  return { tag: 'failed', val: { kind, message: text.replace(/[\x00-\x1f]/g, ' ').slice(0, 500) } };
}

function act(id, work) {
  return { tag: 'act', val: [{ id, work }] };
}

function words({ status, body }) {
  return `the store answered ${status}: ${new TextDecoder().decode(body.slice(0, 400))}`;
}

function header({ headers }, name) {
  return headers.find(([of]) => of === name)?.[1];
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function parse(text) {
  let given;
  try {
    given = JSON.parse(text) ?? {};
  } catch {
    throw [{ pointer: '', message: 'the configuration must be a JSON object' }];
  }
  const wrong = SCHEMA.required
    .filter((name) => typeof given[name] !== 'string' || given[name] === '')
    .map((name) => ({ pointer: `/${name}`, message: "must be a text that isn't empty" }));
  if (wrong.length) throw wrong;
  const [, transport, host, port] = /^(https?):\/\/([a-z0-9.-]+)(?::(\d{1,5}))?\/?$/.exec(given.endpoint) ?? [];
  if (!host) throw [{ pointer: '/endpoint', message: 'write https://host or https://host:port' }];
  const { bucket, token } = given;
  return { transport, host, port: port ? Number(port) : undefined, bucket, token };
}
