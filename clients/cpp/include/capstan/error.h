/// @file
/// Why a call failed, by kinds that a program can act on.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "capstan/answers.h"
#include "capstan/recorder.h"

namespace capstan {

/// What kind of failure it is.
enum class ErrorKind {
  /// Nobody could be reached: nothing was sent.
  kConnect,
  /// No answer came in time.
  kTimeout,
  /// The connection broke.
  kBroken,
  /// The server's certificate isn't trusted, or TLS failed otherwise.
  kTls,
  /// An answer that isn't one of this API: another server, or something in between, spoke.
  kBadAnswer,
  /// 401: no app has this key and secret.
  kUnauthorized,
  /// 429: too many requests within a second.
  kTooManyRequests,
  /// A field, the body or an id is wrong: see `pointer` and `reason`.
  kInvalidRequest,
  /// The resource id is too old, used, or not for this app, room and uid.
  kBadResource,
  /// No such recording, or it is over.
  kNotFound,
  /// It doesn't fit the state: another recorder has the uid (53), it stops already (49).
  kConflict,
  /// The server or the app records as much as it may (406).
  kOverloaded,
  /// The recording ended without anything: nobody sent what was asked for (435).
  kNothingRecorded,
  /// The recording ended and not every file is in the bucket yet (50).
  kUploadsPending,
  /// The server failed, or something between it and here did.
  kServerError,
  /// Another refusal.
  kRefused,
  /// A callback that wasn't sent by whoever shares the secret, or long ago.
  kBadSignature,
  /// What the caller gave can't be used; nothing was sent.
  kMisuse,
};

/// The name of a kind.
const char* ToString(ErrorKind kind);

/// A `start` that got no answer until the deadline: the recording may run. `Client::Start` with
/// these values finds it again; it is never started twice.
struct UnansweredStart {
  Recorder recorder;
  std::string resource_id;
  Mode mode = Mode::Mix();
};

/// Why a call failed.
struct Error {
  ErrorKind kind = ErrorKind::kRefused;
  /// All in one sentence, for people.
  std::string message;
  /// Whether the same call may succeed later. The client has tried already.
  bool retryable = false;
  /// Whether an attempt got no answer, so that the server may have done what was asked. Every call
  /// can be made again without harm.
  bool may_have_happened = false;
  /// The HTTP status; 0 if no answer came.
  int status = 0;
  /// The API's number; a gateway and Capstan's own paths give none.
  std::optional<int> code;
  /// What is wrong and what to change, in the server's words.
  std::string reason;
  /// The JSON pointer of the field that is wrong, if the refusal is about one.
  std::optional<std::string> pointer;
  /// When the server wants to be asked again.
  std::optional<std::chrono::milliseconds> retry_after;
  /// The whole refusal, what a recording has made so far included; without fields if it wasn't JSON.
  ErrorBody body;
  /// Of `Client::Record` alone.
  std::optional<UnansweredStart> unanswered_start;
};

}  // namespace capstan
