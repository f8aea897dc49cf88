// What the store wants and what its answers mean, decided without anything of the contract.
//
// The store is as simple as can be: `PUT /<bucket>/<key>` with a token, answered by an `etag` that is
// the MD5 of what arrived. Put your vendor's requests in its place.
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A checked configuration; its texts are allocated.
struct store_config {
  bool secure;
  char *host;
  uint16_t port;  // 0 for the scheme's own
  char *bucket;
  char *token;
};

// Classes of failures, in the order of the contract's `failure-kind`.
enum store_kind {
  STORE_BAD_CREDENTIALS = 0,
  STORE_NO_BUCKET = 3,
  STORE_WRONG_REGION = 4,
  STORE_DENIED = 5,
  STORE_QUOTA = 6,
  STORE_THROTTLED = 7,
  STORE_TRANSIENT = 8,
  STORE_INTEGRITY = 9,
  STORE_ALREADY_EXISTS = 11,
  STORE_BAD_CONFIG = 12,
  STORE_REJECTED = 13,
};

// The JSON Schema of the configuration.
extern const char *const STORE_SCHEMA;

// Reads a configuration. Answers NULL, or the name of the member that is wrong.
const char *store_configure(const char *text, size_t length, struct store_config *config);

// The path as it travels, allocated: what isn't a letter, a digit or one of `-._~/` as %XX.
char *store_target(const struct store_config *config, const char *key, size_t length);

// The class of a bad answer.
enum store_kind store_kind(uint16_t status);

// Lower-case hexadecimal digits, allocated.
char *store_hex(const uint8_t *bytes, size_t length);

#endif
