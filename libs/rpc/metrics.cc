// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/metrics.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "prometheus/counter.h"
#include "prometheus/exposer.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace keyward::rpc {
namespace {

// From a fifth of a millisecond, about what a call costs that waits for
// nothing, to the longest that a call may take.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
    0.2,    0.5,    1,     2,     5,     10,   30,   60};

// Of absl::StatusCode.
constexpr size_t kCodes = 17;

// Tells the metrics when the stream is over.
class MeteredWriter : public StreamWriter {
 public:
  MeteredWriter(std::shared_ptr<StreamWriter> writer, std::string method,
                SteadyTime start, Metrics* metrics, const Clock* clock)
      : writer_(std::move(writer)),
        method_(std::move(method)),
        start_(start),
        metrics_(metrics),
        clock_(clock) {}

  void Write(std::unique_ptr<google::protobuf::Message> message,
             absl::AnyInvocable<void(bool)> done) override {
    writer_->Write(std::move(message), std::move(done));
  }
  void Abort() override { writer_->Abort(); }
  void Finish(absl::Status status) override {
    metrics_->CountStream(method_, -1);
    metrics_->CountCall(method_, status.code(), clock_->SteadyNow() - start_);
    writer_->Finish(std::move(status));
  }
  void OnCancel(absl::AnyInvocable<void(absl::Status)> cancelled) override {
    writer_->OnCancel(std::move(cancelled));
  }

 private:
  const std::shared_ptr<StreamWriter> writer_;
  const std::string method_;
  const SteadyTime start_;
  Metrics* const metrics_;
  const Clock* const clock_;
};

// Connects to a port of this process again and again until it is destroyed.
//
// The HTTP server's listening thread sees that it has to stop when somebody
// connects, or else after 2 s, which every stop of a service would wait for.
class Knocker {
 public:
  // `host` is a numeric address; others are not knocked at.
  Knocker(const std::string& host, const std::vector<int>& ports)
      : thread_([this, host, ports] { Run(host, ports); }) {}
  ~Knocker() {
    stop_ = true;
    thread_.join();
  }
  Knocker(const Knocker&) = delete;
  Knocker& operator=(const Knocker&) = delete;

 private:
  static constexpr absl::Duration kPause = absl::Milliseconds(10);

  static void Knock(const std::string& host, int port) {
    addrinfo hints = {};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints,
                    &found) != 0) {
      return;
    }
    // Without blocking: nobody may be there any more.
    const int fd =
        socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
      (void)connect(fd, found->ai_addr, found->ai_addrlen);
      close(fd);
    }
    freeaddrinfo(found);
  }

  void Run(const std::string& host, const std::vector<int>& ports) {
    while (!stop_) {
      for (const int port : ports) Knock(host, port);
      absl::SleepFor(kPause);
    }
  }

  std::atomic<bool> stop_{false};
  std::thread thread_;  // Last: it uses the above.
};

// The host of HOST:PORT, an IPv6 one without its brackets.
std::string HostOf(absl::string_view address) {
  absl::string_view host = address.substr(0, address.rfind(':'));
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  return std::string(host);
}

}  // namespace

struct Metrics::Families {
  explicit Families(absl::string_view service)
      : registry(std::make_shared<prometheus::Registry>()),
        ready(prometheus::BuildGauge()
                  .Name("keyward_ready")
                  .Help("1 while the service serves")
                  .Register(*registry)
                  .Add({{"service", std::string(service)}})),
        calls(prometheus::BuildCounter()
                  .Name("keyward_calls_total")
                  .Help("Finished calls")
                  .Register(*registry)),
        seconds(prometheus::BuildHistogram()
                    .Name("keyward_call_seconds")
                    .Help("How long calls took")
                    .Register(*registry)),
        streams(prometheus::BuildGauge()
                    .Name("keyward_streams")
                    .Help("Open streams")
                    .Register(*registry)),
        damaged_key_versions(
            prometheus::BuildGauge()
                .Name("keyward_damaged_key_versions")
                .Help("Versions of key-encryption keys that do not open")
                .Register(*registry)) {}

  // Of one method; those that were asked for. They live as long as the family.
  struct Series {
    std::array<prometheus::Counter*, kCodes> calls{};
    prometheus::Histogram* seconds = nullptr;
  };

  void Count(const std::string& method, absl::StatusCode code, double took) {
    const auto index = static_cast<size_t>(code);
    if (index >= kCodes) return Count(method, absl::StatusCode::kUnknown, took);
    prometheus::Counter* counted = nullptr;
    prometheus::Histogram* observed = nullptr;
    {
      // prometheus-cpp finds a series by its labels: a map that is made, and
      // hashed, for each call.
      MutexLock lock(&mu);
      Series& of_method = series[method];
      prometheus::Counter*& counter = of_method.calls[index];
      if (counter == nullptr) {
        counter = &calls.Add(
            {{"method", method}, {"code", absl::StatusCodeToString(code)}});
      }
      if (of_method.seconds == nullptr) {
        of_method.seconds = &seconds.Add({{"method", method}}, kSeconds);
      }
      counted = counter;
      observed = of_method.seconds;
    }
    counted->Increment();
    observed->Observe(took);
  }

  const std::shared_ptr<prometheus::Registry> registry;
  prometheus::Gauge& ready;
  prometheus::Family<prometheus::Counter>& calls;
  prometheus::Family<prometheus::Histogram>& seconds;
  prometheus::Family<prometheus::Gauge>& streams;
  prometheus::Family<prometheus::Gauge>& damaged_key_versions;
  Mutex mu;
  absl::flat_hash_map<std::string, Series> series ABSL_GUARDED_BY(mu);
  std::string host;
  std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics(std::unique_ptr<Families> families)
    : families_(std::move(families)) {}

Metrics::~Metrics() {
  if (families_->exposer == nullptr) return;
  const Knocker knocker(families_->host,
                        families_->exposer->GetListeningPorts());
  families_->exposer.reset();
}

absl::StatusOr<std::unique_ptr<Metrics>> Metrics::Create(
    absl::string_view service, const std::string& address) {
  auto families = std::make_unique<Families>(service);
  // prometheus-cpp tells of a taken port by an exception.
  try {
    families->exposer =
        std::make_unique<prometheus::Exposer>(address, /*num_threads=*/1);
  } catch (const std::exception&) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the metrics address ", address,
        " cannot be listened on: it is taken, or is not of this machine; "
        "choose another with --metrics HOST:PORT"));
  }
  families->host = HostOf(address);
  families->exposer->RegisterCollectable(families->registry);
  std::unique_ptr<Metrics> metrics(new Metrics(std::move(families)));
  metrics->SetReady(false);
  return metrics;
}

void Metrics::SetReady(bool ready) { families_->ready.Set(ready ? 1 : 0); }

void Metrics::CountCall(const std::string& method, absl::StatusCode code,
                        absl::Duration duration) {
  families_->Count(method, code, absl::ToDoubleSeconds(duration));
}

void Metrics::CountStream(const std::string& method, int change) {
  families_->streams.Add({{"method", method}}).Increment(change);
}

void Metrics::SetDamagedKeyVersions(int64_t count) {
  families_->damaged_key_versions.Add({}).Set(static_cast<double>(count));
}

void MeteredHandler::HandleUnary(IncomingCall call, UnaryDone done) {
  const std::string& method = call.method->full_name();
  const SteadyTime start = clock_->SteadyNow();
  handler_->HandleUnary(
      std::move(call),
      [this, &method, start, done = std::move(done)](
          absl::Status status,
          std::unique_ptr<google::protobuf::Message> response) mutable {
        metrics_->CountCall(method, status.code(), clock_->SteadyNow() - start);
        done(std::move(status), std::move(response));
      });
}

void MeteredHandler::HandleStream(IncomingCall call,
                                  std::shared_ptr<StreamWriter> writer) {
  const std::string method = call.method->full_name();
  metrics_->CountStream(method, 1);
  handler_->HandleStream(
      std::move(call),
      std::make_shared<MeteredWriter>(std::move(writer), method,
                                      clock_->SteadyNow(), metrics_, clock_));
}

}  // namespace keyward::rpc
