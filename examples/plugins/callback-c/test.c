// What the callback decides, as plain C.
#include <assert.h>
#include <string.h>

#include "hook.h"

static bool configure(const char *text, struct hook_config *config) {
  return hook_configure(text, strlen(text), config);
}

int main(void) {
  struct hook_config config;
  assert(configure("{\"url\": \"http://127.0.0.1:81/a?b=c\", \"secret\": \"hush\"}", &config));
  assert(!config.secure && config.port == 81 && strcmp(config.target, "/a?b=c") == 0);
  assert(strcmp(config.secret, "hush") == 0);
  assert(!configure("{}", &config) && !configure("{\"url\": \"hooks\"}", &config));

  struct hook_text text = {NULL, 0, 0};
  hook_add_member(&text, "a", "x\"\n", 3);
  hook_add_number(&text, "n", 120);
  const char *expected = "\"a\":\"x\\\"\\u000a\",\"n\":120,";
  assert(text.length == strlen(expected) && memcmp(text.at, expected, text.length) == 0);

  assert(hook_delivered(204) && !hook_delivered(301));
  assert(hook_later(500) && hook_later(429) && !hook_later(404));
  return 0;
}
