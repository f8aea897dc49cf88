// A callback in JavaScript: posts each event as JSON, with a token that the receiver knows.

const SCHEMA = {
  type: 'object',
  required: ['url'],
  properties: {
    url: { type: 'string', description: 'https://host[:port]/path of the receiver' },
    // `url` and `secret` are what an app's callback has; `writeOnly` marks secrets.
    secret: { type: 'string', writeOnly: true, description: 'The token that it knows' },
  },
  examples: [{ url: 'https://hooks.example.com/capstan', secret: 'of-the-example' }],
};

let config;

export const plugin = {
  describe() {
    return {
      name: 'example-callback-js',
      version: '0.1.0',
      summary: 'Posts each event as JSON, with a token.',
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

// One delivery: a post, then what its answer means.
class Delivery {
  #notice;

  constructor(notice) {
    this.#notice = notice;
  }

  next(_at, last) {
    if (!last) return { tag: 'send', val: post(this.#notice) };
    if (last.tag === 'no-response') {
      const { error, detail } = last.val;
      return failed(detail, error !== 'refused' && error !== 'invalid');
    }
    const { status } = last.val;
    if (status >= 200 && status < 300) return { tag: 'done' };
    // Later is as bad as now, unless the server is to blame or says that it is busy.
    return failed(`it answered ${status}`, status >= 500 || [408, 425, 429].includes(status));
  }
}

export const notifier = { Delivery };

function post(notice) {
  const body = {
    id: notice.id,
    app: notice.app,
    room: notice.room,
    recording: notice.sid,
    sequence: Number(notice.sequence),
    at_ms: Number(notice.atMs),
    kind: notice.kind,
    details: JSON.parse(notice.details),
  };
  const headers = [['content-type', 'application/json']];
  if (config.secret) headers.push(['authorization', `Bearer ${config.secret}`]);
  return {
    method: { tag: 'post' },
    transport: config.transport,
    host: config.host,
    port: config.port,
    target: config.target,
    headers,
    body: [{ tag: 'bytes', val: new TextEncoder().encode(JSON.stringify(body)) }],
    askFirst: false,
    timeoutMs: 10_000,
    maxResponse: 0,
  };
}

function failed(message, retriable) {
  return { tag: 'failed', val: { message: message.slice(0, 500), retriable } };
}

function parse(text) {
  let given;
  try {
    given = JSON.parse(text) ?? {};
  } catch {
    throw [{ pointer: '', message: 'the configuration must be a JSON object' }];
  }
  const [, transport, host, port, target] =
    /^(https?):\/\/([a-z0-9.-]+)(?::(\d{1,5}))?(\/[!-~]*)?$/.exec(given.url) ?? [];
  if (!host) throw [{ pointer: '/url', message: 'write https://host/path or https://host:port/path' }];
  return { transport, host, port: port ? Number(port) : undefined, target: target ?? '/', secret: given.secret };
}
