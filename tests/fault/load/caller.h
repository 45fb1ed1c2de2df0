// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_FAULT_LOAD_CALLER_H_
#define KEYWARD_TESTS_FAULT_LOAD_CALLER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "libs/client/grpc_transport.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "tests/fault/load/history.h"

namespace keyward::fault {

// Where the gateway is, and where callers' certificates are: NAME.pem and
// NAME.key in `identities`.
struct Place {
  std::string address;
  std::string ca_file;
  std::string identities;
};

// A version as a sweep expects it.
struct ExpectedVersion {
  std::string secret;
  int64_t number = 0;
  uint64_t value = 0;
  char state = kEnabledState;
  // Whether the state is known: no change of unknown outcome may still come.
  bool settled = true;
};

// One identity with a connection of its own. It repeats nothing by itself:
// what a lost answer means is what these tests are about.
//
// For use by one thread at a time, so that the records of its calls stand in
// the log in the order in which it was answered.
class Caller {
 public:
  // How long a call may take.
  static constexpr absl::Duration kCallTime = absl::Seconds(5);

  // Errors of reading the files and of the channel.
  static absl::StatusOr<std::unique_ptr<Caller>> Create(const Place& place,
                                                        int number,
                                                        std::string name);

  int number() const { return number_; }
  // As audit records and bindings name it.
  const std::string& principal() const { return principal_; }

  // Waits until there is a connection, at most for `time`; whether there is.
  // A call without one would fail with an outcome that is called unknown.
  bool AwaitConnected(absl::Duration time);

  absl::Status CreateSecret(const std::string& secret,
                            const std::string& request_id);

  // Makes the call of the operation once and sets its outcome and results, not
  // its times. Guests are who `guests` names. `odd` is set as OutcomeOf does,
  // and if a result contradicts itself.
  void Attempt(const std::string& secret,
               const std::vector<std::string>& guests,
               const std::string& request_id, Operation* operation,
               std::string* odd);

  // Sets `wrong` to what is not as in a secret to which `count` versions were
  // added and nothing else was done with its stages.
  absl::Status CheckStages(const std::string& secret, int64_t count,
                           std::string* wrong);

  // Reads versions, at most 100 in one call, and names each that is not as it
  // is expected to be.
  absl::Status Sweep(const std::vector<ExpectedVersion>& expected,
                     std::vector<std::string>* wrong);

  // The log's entries from `*next` on, in order; `*next` moves along. On an
  // error what was read so far was passed on.
  absl::Status ReadLog(
      uint64_t* next,
      const std::function<void(uint64_t, const audit::v1::AuditEntry&)>& each);

 private:
  Caller(std::shared_ptr<grpc::Channel> channel, int number, std::string name);

  absl::Status Call(const google::protobuf::Message& request,
                    google::protobuf::Message* response);
  absl::Status Add(const std::string& secret, const std::string& request_id,
                   Operation* operation);
  absl::Status Read(const std::string& secret, Operation* operation);
  absl::Status List(const std::string& secret, Operation* operation,
                    std::string* odd);
  absl::Status ChangeVersion(const std::string& secret,
                             const std::string& request_id,
                             const Operation& operation);
  absl::Status ChangePolicy(const std::string& secret,
                            const std::vector<std::string>& guests,
                            const std::string& request_id,
                            const Operation& operation);

  const std::shared_ptr<grpc::Channel> channel_;
  client::GrpcTransport transport_;
  const int number_;
  const std::string principal_;
  // Which of its names the current version is asked for by, in turn.
  unsigned turn_ = 0;
};

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_CALLER_H_
