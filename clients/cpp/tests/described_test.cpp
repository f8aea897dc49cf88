// Whatever the running server describes at /openapi.json for callers of its API, this client has: paths, fields of
// requests and answers, values.

#include "describe.h"
#include "endpoint.h"
#include "support.h"

namespace capstan::testing {
namespace {

/// Paths for publishers, players and machines, which have their own tools.
constexpr std::string_view kForOthers[] = {"/whip/",  "/recordings/", "/healthz",
                                           "/readyz", "/metrics",     "/openapi.json"};

bool IsForOthers(const std::string& path) {
  for (const auto begin : kForOthers) {
    if (path.compare(0, begin.size(), begin) == 0) return true;
  }
  return false;
}

/// Other spellings of fields that the client has.
std::string Spelled(const std::string& name) {
  static const std::map<std::string, std::string> spellings = {
      {"unsubscribeAudioUids", "unSubscribeAudioUids"},
      {"unsubscribeVideoUids", "unSubscribeVideoUids"},
      {"filename", "fileName"}};
  const auto found = spellings.find(name);
  return found == spellings.end() ? name : found->second;
}

Value At(const Value& from, const char* name) {
  const auto found = from.find(name);
  return found == from.end() ? Value::object() : *found;
}

class Described : public ::testing::Test {
 protected:
  /// Holds a type's fields against a schema.
  void Check(const std::string& where, const Value& fields, const Value& schema) {
    for (const Value& part : At(schema, "anyOf")) Check(where, fields, part);
    const Value properties = At(schema, "properties");
    for (const auto& [name, property] : properties.items()) {
      ++checked;
      const auto known = fields.find(Spelled(name));
      if (known == fields.end()) {
        missing.push_back(where + "/" + name);
        continue;
      }
      const Value inner = property.contains("items") ? property.at("items") : property;
      CheckValues(where + "/" + name, *known, inner);
      if (known->contains("fields")) {
        Check(where + "/" + name, known->at("fields"), inner);
        for (const Value& part : At(inner, "anyOf")) {
          if (part.contains("items")) {
            Check(where + "/" + name, known->at("fields"), part.at("items"));
          }
        }
      }
    }
  }

  void CheckValues(const std::string& where, const Value& known, const Value& schema) {
    const bool ranged = known.contains("values") && schema.contains("minimum") &&
                        schema.contains("maximum") && schema.at("minimum").is_number_integer();
    Value values = At(schema, "enum");
    if (ranged) {
      values = Value::array();
      for (int n = schema.at("minimum"); n <= schema.at("maximum").get<int>(); ++n) {
        values.push_back(n);
      }
    }
    for (const Value& value : values) {
      ++checked;
      const Value named = At(known, "values");
      if (!value.is_null() && std::find(named.begin(), named.end(), value) == named.end()) {
        missing.push_back(where + " = " + value.dump());
      }
    }
  }

  void CheckOperation(const std::string& method, const std::string& path, const Value& operation);

  std::vector<std::string> missing;
  int checked = 0;
};

/// The fields of what an endpoint is asked for.
Value RequestOf(const internal::Endpoint& endpoint) {
  static const std::map<const internal::Endpoint*, Value> requests = {
      {&internal::kAcquire, Describe<AcquireRequest>()},
      {&internal::kStart, Describe<StartRequest>()},
      {&internal::kUpdate, Describe<UpdateRequest>()},
      {&internal::kUpdateLayout, Describe<LayoutRequest>()},
      {&internal::kStop, Describe<StopRequest>()},
      {&internal::kStorage, Describe<StorageConfig>()},
      {&internal::kList, Describe<ListRequest>()},
      {&internal::kEvents, Describe<EventsRequest>()}};
  const auto found = requests.find(&endpoint);
  Value fields = found == requests.end() ? Value::object() : found->second;
  // Around `clientRequest` of the recording API are room and uid.
  if (!endpoint.regional()) return fields;
  return Value{{"cname", Value::object()},
               {"uid", Value::object()},
               {"clientRequest", Value{{"fields", fields}}}};
}

Value AnswerOf(const internal::Endpoint& endpoint) {
  if (&endpoint == &internal::kList) return Describe<RecordingPage>();
  if (&endpoint == &internal::kDetails) return Describe<RecordingDetails>();
  if (&endpoint == &internal::kEvents) return Describe<EventPage>();
  if (&endpoint == &internal::kStorage) return Describe<Uploads>();
  if (&endpoint == &internal::kPlugins) return Describe<PluginList>();
  return Describe<Answer>();
}

void Described::CheckOperation(const std::string& method, const std::string& path,
                               const Value& operation) {
  const std::string where = method + " " + path;
  const internal::Endpoint* endpoint = nullptr;
  for (const auto* known : internal::Endpoints()) {
    std::string lower = known->method;
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (known->path == path && lower == method) endpoint = known;
  }
  if (endpoint == nullptr) {
    missing.push_back(where);
    return;
  }
  const Value request = RequestOf(*endpoint);
  for (const Value& parameter : At(operation, "parameters")) {
    const std::string name = parameter.at("name");
    const Value schema{{"properties", Value{{name, parameter.at("schema")}}}};
    if (parameter.at("in") == "query") {
      Check(where + "?", request, schema);
    } else if (name == "mode") {
      Check(where, Value{{"mode", DescribeMember<Mode>()}}, schema);
    } else if (path.find("{" + name + "}") == std::string::npos) {
      missing.push_back(where + " {" + name + "}");
    }
  }
  for (const Value& content : At(At(operation, "requestBody"), "content")) {
    Check(where, request, content.at("schema"));
  }
  const Value replies = At(operation, "responses");
  for (const auto& [status, reply] : replies.items()) {
    const Value fields = status == "200" ? AnswerOf(*endpoint) : Describe<ErrorBody>();
    for (const Value& content : At(reply, "content")) {
      Check(where + " " + status, fields, content.at("schema"));
    }
  }
}

TEST_F(Described, ThisClientHasAllOfIt) {
  TransportRequest request;
  request.method = "GET";
  request.url = Variable("CAPSTAN_URL") + "/openapi.json";
  request.timeout = std::chrono::seconds(30);
  const auto answer = MakeCurlTransport()->Send(request);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  const Value document = internal::ParseJson(answer->body);
  ASSERT_TRUE(document.is_object());
  for (const auto& [path, methods] : document.at("paths").items()) {
    if (IsForOthers(path)) continue;
    for (const auto& [method, operation] : methods.items()) {
      CheckOperation(method, path, operation);
    }
  }
  EXPECT_EQ(missing, std::vector<std::string>{}) << "the server has what this client hasn't";
  EXPECT_GT(checked, 250);
}

}  // namespace
}  // namespace capstan::testing
