// A storage in C: puts files into a store that takes a token, and believes only a matching digest.
//
// What is answered is allocated with malloc; the host's glue in bindings/ frees it after it was read.
#include <stdlib.h>
#include <string.h>

#include "bindings/storage.h"
#include "store.h"

static struct store_config config;

static void *wanted(void *memory) {
  if (!memory) abort();
  return memory;
}

// Takes over an allocated text.
static storage_string_t owned(char *text) {
  storage_string_t string = {(uint8_t *)text, strlen(text)};
  return string;
}

static storage_string_t dup(const char *text) {
  storage_string_t string;
  storage_string_dup(&string, text);
  return string;
}

void exports_plugin_describe(exports_plugin_manifest_t *ret) {
  ret->name = dup("example-storage-c");
  ret->version = dup("0.1.0");
  ret->summary = dup("Puts files into a store that takes a token.");
  ret->config_schema = dup(STORE_SCHEMA);
}

// The host calls it once in each fresh instance.
bool exports_plugin_configure(storage_string_t *text, exports_plugin_list_endpoint_t *ret,
                              exports_plugin_list_config_error_t *err) {
  const char *wrong = store_configure((const char *)text->ptr, text->len, &config);
  storage_string_free(text);
  if (wrong) {
    err->len = 1;
    err->ptr = wanted(malloc(sizeof *err->ptr));
    char *pointer = wanted(calloc(strlen(wrong) + 2, 1));
    pointer[0] = '/';
    strcpy(pointer + 1, wrong);
    err->ptr[0].pointer = owned(pointer);
    err->ptr[0].message = dup("must be a text that isn't empty; an endpoint is https://host[:port]");
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

// One job: told what happened, it answers what to do next. First the host computes the file's digest,
// then it sends the file.
struct exports_uploader_upload_t {
  char *target;
  char *content_type;
  char *digest;
  uint64_t size;
};

bool exports_uploader_static_upload_open(exports_uploader_job_t *job, storage_list_u8_t *maybe_saved,
                                         exports_uploader_own_upload_t *ret,
                                         exports_uploader_failure_t *err) {
  exports_uploader_upload_t *upload = wanted(calloc(1, sizeof *upload));
  upload->target = store_target(&config, (const char *)job->key.ptr, job->key.len);
  upload->content_type = wanted(calloc(job->content_type.len + 1, 1));
  memcpy(upload->content_type, job->content_type.ptr, job->content_type.len);
  upload->size = job->size;
  exports_uploader_job_free(job);
  // One request takes the whole file: there is nothing to go on from.
  if (maybe_saved) storage_list_u8_free(maybe_saved);
  *ret = exports_uploader_upload_new(upload);
  return true;
}

void exports_uploader_upload_destructor(exports_uploader_upload_t *upload) {
  free(upload->target);
  free(upload->content_type);
  free(upload->digest);
  free(upload);
}

static void failed(exports_uploader_step_t *ret, enum store_kind kind, const char *text, size_t length) {
  memset(ret, 0, sizeof *ret);
  ret->tag = EXPORTS_UPLOADER_STEP_FAILED;
  ret->val.failed.kind.tag = (uint8_t)kind;
  // At most 500 characters, ASCII only: a cut in the middle of a letter would be no UTF-8.
  char *words = wanted(calloc(length < 400 ? length + 1 : 401, 1));
  for (size_t at = 0; at < length && at < 400; at++)
    words[at] = text[at] >= ' ' && text[at] < 127 ? text[at] : '?';
  ret->val.failed.message = owned(words);
}

static void act(exports_uploader_step_t *ret, uint32_t id, exports_uploader_work_t work) {
  ret->tag = EXPORTS_UPLOADER_STEP_ACT;
  ret->val.act.len = 1;
  ret->val.act.ptr = wanted(malloc(sizeof *ret->val.act.ptr));
  ret->val.act.ptr[0].id = id;
  ret->val.act.ptr[0].work = work;
}

// The whole file: the host reads it, its bytes never come here.
static exports_uploader_list_segment_t whole(const exports_uploader_upload_t *upload) {
  exports_uploader_list_segment_t segments = {NULL, 0};
  if (!upload->size) return segments;
  segments.len = 1;
  segments.ptr = wanted(malloc(sizeof *segments.ptr));
  segments.ptr[0].tag = IO_SEGMENT_FILE;
  segments.ptr[0].val.file.offset = 0;
  segments.ptr[0].val.file.length = upload->size;
  return segments;
}

static void put(const exports_uploader_upload_t *upload, exports_uploader_step_t *ret) {
  exports_uploader_work_t work = {.tag = EXPORTS_UPLOADER_WORK_SEND};
  exports_uploader_request_t *request = &work.val.send;
  char *bearer = wanted(calloc(strlen(config.token) + 8, 1));
  strcpy(bearer, "Bearer ");
  strcat(bearer, config.token);
  request->method.tag = IO_METHOD_PUT;
  request->transport = config.secure ? IO_TRANSPORT_HTTPS : IO_TRANSPORT_HTTP;
  request->host = dup(config.host);
  request->port.is_some = config.port != 0;
  request->port.val = config.port;
  request->target = dup(upload->target);
  request->headers.len = 2;
  request->headers.ptr = wanted(malloc(2 * sizeof *request->headers.ptr));
  request->headers.ptr[0].f0 = dup("authorization");
  request->headers.ptr[0].f1 = owned(bearer);
  request->headers.ptr[1].f0 = dup("content-type");
  request->headers.ptr[1].f1 = dup(upload->content_type);
  exports_uploader_list_segment_t body = whole(upload);
  request->body.ptr = body.ptr;
  request->body.len = body.len;
  // A refusal then costs no upload.
  request->ask_first = true;
  request->timeout_ms.is_some = false;
  request->max_response = 16 << 10;
  act(ret, 2, work);
}

static void stored(const exports_uploader_upload_t *upload, exports_uploader_step_t *ret) {
  memset(ret, 0, sizeof *ret);
  ret->tag = EXPORTS_UPLOADER_STEP_DONE;
  char port[8] = "";
  unsigned left = config.port, digits = 0;
  for (unsigned n = left; n; n /= 10) digits++;
  if (left) port[0] = ':';
  for (unsigned at = digits; at > 0; at--, left /= 10) port[at] = (char)('0' + left % 10);
  char *url = wanted(calloc(16 + strlen(config.host) + strlen(upload->target), 1));
  strcpy(url, config.secure ? "https://" : "http://");
  strcat(url, config.host);
  strcat(url, port);
  strcat(url, upload->target);
  ret->val.done.url = owned(url);
  ret->val.done.etag.is_some = true;
  ret->val.done.etag.val = dup(upload->digest);
}

static bool same_digest(const exports_uploader_upload_t *upload, const exports_uploader_response_t *response) {
  for (size_t n = 0; n < response->headers.len && upload->digest; n++) {
    storage_string_t name = response->headers.ptr[n].f0, value = response->headers.ptr[n].f1;
    if (name.len != 4 || memcmp(name.ptr, "etag", 4)) continue;
    if (value.len >= 2 && value.ptr[0] == '"') value.ptr++, value.len -= 2;
    return value.len == strlen(upload->digest) && !memcmp(value.ptr, upload->digest, value.len);
  }
  return false;
}

// Done only if the store holds what was sent.
static void judge(const exports_uploader_upload_t *upload, const exports_uploader_response_t *response,
                  exports_uploader_step_t *ret) {
  static const char OTHER[] = "the store holds something else than was sent";
  if (response->status != 200 && response->status != 201)
    failed(ret, store_kind(response->status), (const char *)response->body.ptr, response->body.len);
  else if (same_digest(upload, response))
    stored(upload, ret);
  else
    failed(ret, STORE_INTEGRITY, OTHER, sizeof OTHER - 1);
}

static void silence(const exports_uploader_transport_failure_t *failure, exports_uploader_step_t *ret) {
  enum store_kind kind = STORE_TRANSIENT;
  if (failure->error == IO_TRANSPORT_ERROR_REFUSED || failure->error == IO_TRANSPORT_ERROR_INVALID)
    kind = STORE_BAD_CONFIG;
  if (failure->error == IO_TRANSPORT_ERROR_FILE) kind = STORE_REJECTED;
  failed(ret, kind, (const char *)failure->detail.ptr, failure->detail.len);
}

void exports_uploader_method_upload_next(exports_uploader_borrow_upload_t self, exports_uploader_moment_t *at,
                                         exports_uploader_list_event_t *events,
                                         exports_uploader_step_t *ret) {
  if (!events->len) {
    exports_uploader_work_t work = {.tag = EXPORTS_UPLOADER_WORK_DIGEST};
    work.val.digest.algorithm = EXPORTS_UPLOADER_ALGORITHM_MD5;
    work.val.digest.of = whole(self);
    act(ret, 1, work);
  } else {
    exports_uploader_outcome_t *outcome = &events->ptr[0].outcome;
    switch (outcome->tag) {
      case EXPORTS_UPLOADER_OUTCOME_DIGEST:
        free(self->digest);
        self->digest = store_hex(outcome->val.digest.ptr, outcome->val.digest.len);
        put(self, ret);
        break;
      case EXPORTS_UPLOADER_OUTCOME_RESPONSE:
        judge(self, &outcome->val.response, ret);
        break;
      case EXPORTS_UPLOADER_OUTCOME_NO_RESPONSE:
        silence(&outcome->val.no_response, ret);
        break;
      default:
        failed(ret, STORE_REJECTED, "the file can't be read", 22);
    }
  }
  exports_uploader_list_event_free(events);
}

void exports_uploader_method_upload_save(exports_uploader_borrow_upload_t self, storage_list_u8_t *ret) {
  ret->ptr = NULL;
  ret->len = 0;
}

void exports_uploader_method_upload_abort(exports_uploader_borrow_upload_t self, exports_uploader_moment_t *at,
                                          exports_uploader_step_t *ret) {
  failed(ret, STORE_REJECTED, "given up; nothing is left behind", 32);
}
