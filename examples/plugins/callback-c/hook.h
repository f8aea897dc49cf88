// Where events go and what the answers mean, decided without anything of the contract.
#ifndef HOOK_H
#define HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A checked configuration; its texts are allocated.
struct hook_config {
  bool secure;
  char *host;
  uint16_t port;  // 0 for the scheme's own
  char *target;
  char *secret;  // NULL if there is none
};

// The JSON Schema of the configuration.
extern const char *const HOOK_SCHEMA;

// Reads a configuration. Answers whether its `url` makes sense.
bool hook_configure(const char *text, size_t length, struct hook_config *config);

// A growing text.
struct hook_text {
  char *at;
  size_t length, room;
};

// Appends bytes as they are.
void hook_add(struct hook_text *text, const char *more, size_t length);

// Appends `"name":"value",` with the value escaped as JSON wants it.
void hook_add_member(struct hook_text *text, const char *name, const char *value, size_t length);

// Appends `"name":number,`.
void hook_add_number(struct hook_text *text, const char *name, uint64_t number);

// Whether the receiver took the event.
bool hook_delivered(uint16_t status);

// Whether another try may succeed: the server is to blame or says that it is busy.
bool hook_later(uint16_t status);

#endif
