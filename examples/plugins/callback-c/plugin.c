// A callback in C: posts each event as JSON, with a token that the receiver knows.
//
// What is answered is allocated with malloc; the host's glue in bindings/ frees it after it was read.
#include <stdlib.h>
#include <string.h>

#include "bindings/callback.h"
#include "hook.h"

static struct hook_config config;

static void *wanted(void *memory) {
  if (!memory) abort();
  return memory;
}

static callback_string_t dup(const char *text) {
  callback_string_t string;
  callback_string_dup(&string, text);
  return string;
}

void exports_plugin_describe(exports_plugin_manifest_t *ret) {
  ret->name = dup("example-callback-c");
  ret->version = dup("0.1.0");
  ret->summary = dup("Posts each event as JSON, with a token.");
  ret->config_schema = dup(HOOK_SCHEMA);
}

// The host calls it once in each fresh instance.
bool exports_plugin_configure(callback_string_t *text, exports_plugin_list_endpoint_t *ret,
                              exports_plugin_list_config_error_t *err) {
  bool good = hook_configure((const char *)text->ptr, text->len, &config);
  callback_string_free(text);
  if (!good) {
    err->len = 1;
    err->ptr = wanted(malloc(sizeof *err->ptr));
    err->ptr[0].pointer = dup("/url");
    err->ptr[0].message = dup("write https://host/path or https://host:port/path");
    return false;
  }
  ret->len = 1;
  ret->ptr = wanted(malloc(sizeof *ret->ptr));
  ret->ptr[0].scheme = config.secure ? EXPORTS_PLUGIN_SCHEME_HTTPS : EXPORTS_PLUGIN_SCHEME_HTTP;
  ret->ptr[0].host = dup(config.host);
  ret->ptr[0].port.is_some = config.port != 0;
  ret->ptr[0].port.val = config.port;
  return true;
}

// One delivery: a post, then what its answer means.
struct exports_notifier_delivery_t {
  struct hook_text body;
};

static void member(struct hook_text *body, const char *name, callback_string_t value) {
  hook_add_member(body, name, (const char *)value.ptr, value.len);
}

exports_notifier_own_delivery_t exports_notifier_constructor_delivery(exports_notifier_notice_t *notice) {
  exports_notifier_delivery_t *delivery = wanted(calloc(1, sizeof *delivery));
  struct hook_text *body = &delivery->body;
  hook_add(body, "{", 1);
  member(body, "id", notice->id);
  member(body, "app", notice->app);
  member(body, "room", notice->room);
  member(body, "recording", notice->sid);
  hook_add_number(body, "sequence", notice->sequence);
  hook_add_number(body, "at_ms", notice->at_ms);
  member(body, "kind", notice->kind);
  // The details are JSON already.
  hook_add(body, "\"details\":", 10);
  hook_add(body, (const char *)notice->details.ptr, notice->details.len);
  hook_add(body, "}", 1);
  exports_notifier_notice_free(notice);
  return exports_notifier_delivery_new(delivery);
}

void exports_notifier_delivery_destructor(exports_notifier_delivery_t *delivery) {
  free(delivery->body.at);
  free(delivery);
}

static void post(const exports_notifier_delivery_t *delivery, exports_notifier_step_t *ret) {
  ret->tag = EXPORTS_NOTIFIER_STEP_SEND;
  exports_notifier_request_t *request = &ret->val.send;
  request->method.tag = IO_METHOD_POST;
  request->transport = config.secure ? IO_TRANSPORT_HTTPS : IO_TRANSPORT_HTTP;
  request->host = dup(config.host);
  request->port.is_some = config.port != 0;
  request->port.val = config.port;
  request->target = dup(config.target);
  request->headers.len = config.secret ? 2 : 1;
  request->headers.ptr = wanted(malloc(2 * sizeof *request->headers.ptr));
  request->headers.ptr[0].f0 = dup("content-type");
  request->headers.ptr[0].f1 = dup("application/json");
  if (config.secret) {
    char *bearer = wanted(calloc(strlen(config.secret) + 8, 1));
    strcpy(bearer, "Bearer ");
    strcat(bearer, config.secret);
    request->headers.ptr[1].f0 = dup("authorization");
    request->headers.ptr[1].f1 = dup(bearer);
    free(bearer);
  }
  request->body.len = 1;
  request->body.ptr = wanted(malloc(sizeof *request->body.ptr));
  request->body.ptr[0].tag = IO_SEGMENT_BYTES;
  request->body.ptr[0].val.bytes.len = delivery->body.length;
  request->body.ptr[0].val.bytes.ptr = wanted(malloc(delivery->body.length));
  memcpy(request->body.ptr[0].val.bytes.ptr, delivery->body.at, delivery->body.length);
  request->ask_first = false;
  request->timeout_ms.is_some = true;
  request->timeout_ms.val = 10000;
  request->max_response = 0;
}

static void failed(exports_notifier_step_t *ret, const char *words, bool retriable) {
  ret->tag = EXPORTS_NOTIFIER_STEP_FAILED;
  ret->val.failed.message = dup(words);
  ret->val.failed.retriable = retriable;
}

void exports_notifier_method_delivery_next(exports_notifier_borrow_delivery_t self,
                                           exports_notifier_moment_t *at,
                                           exports_notifier_outcome_t *maybe_last,
                                           exports_notifier_step_t *ret) {
  if (!maybe_last) {
    post(self, ret);
    return;
  }
  if (maybe_last->tag == EXPORTS_NOTIFIER_OUTCOME_NO_RESPONSE) {
    uint8_t error = maybe_last->val.no_response.error;
    bool hopeless = error == IO_TRANSPORT_ERROR_REFUSED || error == IO_TRANSPORT_ERROR_INVALID;
    failed(ret, "no response came", !hopeless);
  } else if (hook_delivered(maybe_last->val.response.status)) {
    ret->tag = EXPORTS_NOTIFIER_STEP_DONE;
  } else {
    failed(ret, "the receiver answered that it didn't take the event", hook_later(maybe_last->val.response.status));
  }
  exports_notifier_outcome_free(maybe_last);
}
