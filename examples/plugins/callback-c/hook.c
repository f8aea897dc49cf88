#include "hook.h"

#include <stdlib.h>
#include <string.h>

const char *const HOOK_SCHEMA =
    "{\"type\": \"object\", \"required\": [\"url\"], \"properties\": {"
    "\"url\": {\"type\": \"string\", \"description\": \"https://host[:port]/path of the receiver\"},"
    // `url` and `secret` are what an app's callback has; `writeOnly` marks secrets.
    "\"secret\": {\"type\": \"string\", \"writeOnly\": true}},"
    "\"examples\": [{\"url\": \"https://hooks.example.com/capstan\", \"secret\": \"of-the-example\"}]}";

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

// https://host/path or https://host:port/path
static bool address(const char *text, struct hook_config *config) {
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
  if (*text != '\0' && *text != '/') return false;
  for (const char *at = text; *at; at++)
    if (*at <= ' ' || *at == '#' || (unsigned char)*at > 126) return false;
  config->target = *text ? copy(text, strlen(text)) : copy("/", 1);
  return true;
}

bool hook_configure(const char *text, size_t length, struct hook_config *config) {
  char *url = member(text, length, "url");
  config->secret = member(text, length, "secret");
  bool good = url && address(url, config);
  free(url);
  return good;
}

void hook_add(struct hook_text *text, const char *more, size_t length) {
  if (text->room - text->length < length) {
    text->room = 2 * text->room + length;
    text->at = wanted(realloc(text->at, text->room));
  }
  memcpy(text->at + text->length, more, length);
  text->length += length;
}

static void name(struct hook_text *text, const char *name) {
  hook_add(text, "\"", 1);
  hook_add(text, name, strlen(name));
  hook_add(text, "\":", 2);
}

void hook_add_member(struct hook_text *text, const char *of, const char *value, size_t length) {
  static const char DIGITS[] = "0123456789abcdef";
  name(text, of);
  hook_add(text, "\"", 1);
  for (size_t at = 0; at < length; at++) {
    unsigned char c = (unsigned char)value[at];
    char control[] = {'\\', 'u', '0', '0', DIGITS[c >> 4], DIGITS[c & 15]};
    if (c == '"' || c == '\\') hook_add(text, "\\", 1);
    if (c < ' ')
      hook_add(text, control, sizeof control);
    else
      hook_add(text, value + at, 1);
  }
  hook_add(text, "\",", 2);
}

void hook_add_number(struct hook_text *text, const char *of, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while (number /= 10);
  name(text, of);
  hook_add(text, digits + at, sizeof digits - at);
  hook_add(text, ",", 1);
}

bool hook_delivered(uint16_t status) { return status >= 200 && status < 300; }

bool hook_later(uint16_t status) {
  return status >= 500 || status == 408 || status == 425 || status == 429;
}
