/// @file
/// The client: records rooms of one app of a Capstan server, or of any server with the API of Agora
/// Cloud Recording.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "capstan/answers.h"
#include "capstan/options.h"
#include "capstan/pages.h"
#include "capstan/recorder.h"
#include "capstan/recordings.h"
#include "capstan/requests.h"
#include "capstan/result.h"

namespace capstan {

/// The version of this client.
const char* Version();

class Recording;

/// Makes the calls of the API. Cheap to copy, and safe for several threads.
///
/// Every call is tried again where that can help, until its time-out: all of them can be repeated
/// without harm, and a recording is never started twice. Nothing throws.
///
/// @code
/// capstan::ClientOptions options;
/// options.app = options.key = options.secret = "demo";
/// auto client = capstan::Client::Make(options);
/// if (!client) return Fail(client.error());
/// auto recording = client->Record("room1");
/// ...
/// auto stopped = recording->Stop();
/// @endcode
class Client {
 public:
  /// A client; `kMisuse` if the options can't be used.
  static Result<Client> Make(ClientOptions options);

  /// Acquires and starts, under one deadline. If no answer to `start` came and it may record, the
  /// error has `unanswered_start`.
  Result<Recording> Record(const std::string& room, const RecordOptions& options = {}) const;
  /// A handle on a recording that was started elsewhere.
  Recording Attach(RecordingId id) const;

  /// Gets a resource id, which is valid for 5 minutes and one recording.
  Result<Answer> Acquire(const Recorder& recorder, const AcquireRequest& request = {}) const;
  /// Starts a recording; one that was started with this resource id before is found again.
  Result<Answer> Start(const Recorder& recorder, const std::string& resource_id, const Mode& mode,
                       const StartRequest& request = {}) const;
  /// Asks how a running recording is doing.
  Result<Answer> Query(const RecordingId& id) const;
  /// Changes whose streams are recorded, or the storage's keys.
  Result<Answer> Update(const RecordingId& id, const UpdateRequest& request) const;
  /// Replaces all layout settings. Only in mode mix.
  Result<Answer> UpdateLayout(const RecordingId& id, const LayoutRequest& request) const;
  /// Ends a recording and waits, up to 20 seconds, until everything is uploaded, unless the request
  /// says otherwise. `kNothingRecorded` if nobody sent what was asked for, `kUploadsPending` if files
  /// haven't left yet.
  Result<Answer> Stop(const RecordingId& id, const StopRequest& request = {}) const;

  /// Recordings, the latest first, fetched page by page. Capstan's own.
  Pages<RecordingSummary> List(const ListRequest& request = {}) const;
  /// One page of recordings.
  Result<RecordingPage> ListPage(const ListRequest& request = {}) const;
  /// Looks into a recording, running or ended. Capstan's own.
  Result<RecordingDetails> Details(const std::string& sid) const;
  /// A recording's events, delivered or not, fetched page by page. Capstan's own.
  Pages<ReplayedEvent> Events(const std::string& sid, const EventsRequest& request = {}) const;
  /// One page of a recording's events.
  Result<EventPage> EventsPage(const std::string& sid, const EventsRequest& request = {}) const;
  /// Gives new keys, or another storage, to a recording's files that haven't left. Capstan's own.
  Result<Uploads> Storage(const std::string& sid, const StorageConfig& storage) const;
  /// The plugins of the server. Capstan's own.
  Result<PluginList> Plugins() const;

 private:
  class Impl;
  explicit Client(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// A recording that was started, and what can be done with it.
class Recording {
 public:
  Recording(Client client, RecordingId id);

  /// Its names; `Client::Attach` makes a handle of them again.
  const RecordingId& id() const { return id_; }
  /// Its id.
  const std::string& sid() const { return id_.sid; }

  /// Asks how it is doing.
  Result<Answer> Query() const;
  /// Changes whose streams are recorded, or the storage's keys.
  Result<Answer> Update(const UpdateRequest& request) const;
  /// Replaces all layout settings.
  Result<Answer> UpdateLayout(const LayoutRequest& request) const;
  /// Ends it and waits, up to 20 seconds, until everything is uploaded.
  Result<Answer> Stop(const StopRequest& request = {}) const;
  /// Tells all that is known of it, also after its end.
  Result<RecordingDetails> Details() const;
  /// Its events from the first one.
  Pages<ReplayedEvent> Events() const;
  /// Gives new keys, or another storage, to its files that haven't left.
  Result<Uploads> Storage(const StorageConfig& storage) const;

 private:
  Client client_;
  RecordingId id_;
};

}  // namespace capstan
