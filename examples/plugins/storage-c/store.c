#include "store.h"

#include <stdlib.h>
#include <string.h>

const char *const STORE_SCHEMA =
    "{\"type\": \"object\", \"required\": [\"endpoint\", \"bucket\", \"token\"], \"properties\": {"
    "\"endpoint\": {\"type\": \"string\", \"description\": \"https://host[:port] of the store\"},"
    "\"bucket\": {\"type\": \"string\"},"
    // `writeOnly` marks a secret: the host never shows it.
    "\"token\": {\"type\": \"string\", \"writeOnly\": true}},"
    "\"examples\": [{\"endpoint\": \"https://store.example.com\", \"bucket\": \"recordings\","
    "\"token\": \"of-the-example\"}]}";

static void *wanted(void *memory) {
  if (!memory) abort();
  return memory;
}

static char *copy(const char *text, size_t length) {
  char *copied = wanted(malloc(length + 1));
  memcpy(copied, text, length);
  copied[length] = '\0';
  return copied;
}

// A member of a flat JSON object of texts without escapes, allocated; NULL if there is none. A larger
// configuration wants a JSON parser.
static char *member(const char *text, size_t length, const char *name) {
  size_t size = strlen(name);
  for (size_t at = 0; at + size + 2 <= length; at++) {
    if (text[at] != '"' || memcmp(text + at + 1, name, size) || text[at + size + 1] != '"') continue;
    size_t from = at + size + 2;
    while (from < length && (text[from] == ' ' || text[from] == ':')) from++;
    if (from >= length || text[from] != '"') return NULL;
    size_t to = ++from;
    while (to < length && text[to] != '"' && text[to] != '\\') to++;
    return to < length && text[to] == '"' && to > from ? copy(text + from, to - from) : NULL;
  }
  return NULL;
}

static bool host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

// https://host or https://host:port
static bool address(const char *text, struct store_config *config) {
  if (strncmp(text, "https://", 8) == 0) {
    config->secure = true;
    text += 8;
  } else if (strncmp(text, "http://", 7) == 0) {
    config->secure = false;
    text += 7;
  } else {
    return false;
  }
  size_t host = 0;
  while (host_char(text[host])) host++;
  if (!host) return false;
  config->host = copy(text, host);
  text += host;
  unsigned long port = 0;
  if (*text == ':') {
    for (text++; *text >= '0' && *text <= '9' && port < 65536; text++)
      port = port * 10 + (unsigned long)(*text - '0');
    if (!port || port > 65535) return false;
  }
  config->port = (uint16_t)port;
  return *text == '\0' || strcmp(text, "/") == 0;
}

const char *store_configure(const char *text, size_t length, struct store_config *config) {
  char *endpoint = member(text, length, "endpoint");
  config->bucket = member(text, length, "bucket");
  config->token = member(text, length, "token");
  bool good = endpoint && address(endpoint, config);
  free(endpoint);
  if (!good) return "endpoint";
  if (!config->bucket) return "bucket";
  return config->token ? NULL : "token";
}

static bool plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c && strchr("-._~/", c));
}

static char *escape(char *out, const char *text, size_t length) {
  static const char DIGITS[] = "0123456789ABCDEF";
  for (size_t at = 0; at < length; at++) {
    unsigned char c = (unsigned char)text[at];
    if (plain(c)) {
      *out++ = (char)c;
    } else {
      *out++ = '%';
      *out++ = DIGITS[c >> 4];
      *out++ = DIGITS[c & 15];
    }
  }
  return out;
}

char *store_target(const struct store_config *config, const char *key, size_t length) {
  size_t bucket = strlen(config->bucket);
  char *target = wanted(malloc(3 * (bucket + length) + 3)), *out = target;
  *out++ = '/';
  out = escape(out, config->bucket, bucket);
  *out++ = '/';
  out = escape(out, key, length);
  *out = '\0';
  return target;
}

enum store_kind store_kind(uint16_t status) {
  switch (status) {
    case 401: return STORE_BAD_CREDENTIALS;
    case 403: return STORE_DENIED;
    case 404: return STORE_NO_BUCKET;
    case 409:
    case 412: return STORE_ALREADY_EXISTS;
    case 429:
    case 503: return STORE_THROTTLED;
    case 507: return STORE_QUOTA;
    default: break;
  }
  if (status >= 300 && status < 400) return STORE_WRONG_REGION;
  return status >= 500 ? STORE_TRANSIENT : STORE_REJECTED;
}

char *store_hex(const uint8_t *bytes, size_t length) {
  static const char DIGITS[] = "0123456789abcdef";
  char *text = wanted(malloc(2 * length + 1));
  for (size_t at = 0; at < length; at++) {
    text[2 * at] = DIGITS[bytes[at] >> 4];
    text[2 * at + 1] = DIGITS[bytes[at] & 15];
  }
  text[2 * length] = '\0';
  return text;
}
