// What the storage decides, as plain C.
#include <assert.h>
#include <string.h>

#include "store.h"

static const char *configure(const char *text, struct store_config *config) {
  return store_configure(text, strlen(text), config);
}

int main(void) {
  struct store_config config;
  const char *good = "{\"endpoint\": \"https://s.example:8443\", \"bucket\": \"b\", \"token\":\"hush\"}";
  assert(!configure(good, &config));
  assert(config.secure && config.port == 8443 && strcmp(config.host, "s.example") == 0);
  assert(strcmp(store_target(&config, "a/\xc3\xbc b", 6), "/b/a/%C3%BC%20b") == 0);

  assert(strcmp(configure("{}", &config), "endpoint") == 0);
  assert(strcmp(configure("", &config), "endpoint") == 0);
  assert(strcmp(configure("{\"endpoint\": \"http://a\", \"bucket\": 7}", &config), "bucket") == 0);

  assert(store_kind(401) == STORE_BAD_CREDENTIALS);
  assert(store_kind(500) == STORE_TRANSIENT);
  assert(store_kind(400) == STORE_REJECTED);
  assert(strcmp(store_hex((const uint8_t *)"\xab\x0d", 2), "ab0d") == 0);
  return 0;
}
