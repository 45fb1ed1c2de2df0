// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/reply.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "libs/crypto/wipe.h"

namespace keyward::target::redis {
namespace {

static_assert(HIREDIS_MAJOR == 0 && HIREDIS_MINOR == 14,
              "createArray takes another type from 1.0 on");

// The elements that the arrays of the present reply may still have.
size_t* Budget(const redisReadTask* task) {
  return static_cast<size_t*>(task->privdata);
}

// Puts `reply` where it belongs: the root is hiredis's until it is taken.
void* Place(const redisReadTask* task, std::unique_ptr<Reply> reply) {
  Reply* const raw = reply.get();
  if (task->parent == nullptr) return reply.release();
  auto* const parent = static_cast<Reply*>(task->parent->obj);
  parent->elements[static_cast<size_t>(task->idx)] = std::move(reply);
  return raw;
}

void* MakeText(const redisReadTask* task, char* text, size_t size) {
  auto reply = std::make_unique<Reply>();
  reply->type = task->type == REDIS_REPLY_ERROR    ? Reply::Type::kError
                : task->type == REDIS_REPLY_STATUS ? Reply::Type::kStatus
                                                   : Reply::Type::kString;
  reply->text.assign(text, size);
  return Place(task, std::move(reply));
}

void* MakeArray(const redisReadTask* task, int size) {
  size_t* const budget = Budget(task);
  // hiredis takes null for a lack of memory, and ends the reply.
  if (size < 0 || static_cast<size_t>(size) > *budget) return nullptr;
  *budget -= static_cast<size_t>(size);
  auto reply = std::make_unique<Reply>();
  reply->type = Reply::Type::kArray;
  reply->elements.resize(static_cast<size_t>(size));
  return Place(task, std::move(reply));
}

void* MakeInteger(const redisReadTask* task,
                  long long value) {  // NOLINT(runtime/int)
  auto reply = std::make_unique<Reply>();
  reply->type = Reply::Type::kInteger;
  reply->integer = value;
  return Place(task, std::move(reply));
}

void* MakeNil(const redisReadTask* task) {
  return Place(task, std::make_unique<Reply>());
}

void FreeReply(void* reply) { delete static_cast<Reply*>(reply); }

absl::Status NoReply() {
  return absl::InternalError("what the server answers is no reply of Redis");
}

struct ReaderFree {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

[[noreturn]] void DieOfMemory() {
  std::fputs("keyward: no memory for a command to Redis\n", stderr);
  std::abort();
}

}  // namespace

class ReplyReader::State {
 public:
  State() : reader_(redisReaderCreateWithFunctions(&functions_)) {
    if (reader_ == nullptr) DieOfMemory();
    reader_->privdata = &elements_left_;
  }

  absl::StatusOr<std::unique_ptr<Reply>> Take(absl::string_view bytes) {
    if (bytes.size() > bytes_left_) return NoReply();
    bytes_left_ -= bytes.size();
    if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) !=
        REDIS_OK) {
      return NoReply();
    }
    void* made = nullptr;
    if (redisReaderGetReply(reader_.get(), &made) != REDIS_OK) return NoReply();
    if (made == nullptr) return std::unique_ptr<Reply>();
    std::unique_ptr<Reply> reply(static_cast<Reply*>(made));
    if (reader_->pos != reader_->len) return NoReply();
    bytes_left_ = kMaxBytes;
    elements_left_ = kMaxElements;
    return reply;
  }

 private:
  redisReplyObjectFunctions functions_ = {MakeText, MakeArray, MakeInteger,
                                          MakeNil, FreeReply};
  size_t bytes_left_ = kMaxBytes;
  size_t elements_left_ = kMaxElements;
  // Refers to all of the above.
  const std::unique_ptr<redisReader, ReaderFree> reader_;
};

ReplyReader::ReplyReader() : state_(std::make_unique<State>()) {}

ReplyReader::~ReplyReader() = default;

absl::StatusOr<std::unique_ptr<Reply>> ReplyReader::Take(
    absl::string_view bytes) {
  return state_->Take(bytes);
}

crypto::SecretBuffer FormatCommand(absl::Span<const absl::string_view> words) {
  std::vector<const char*> starts;
  std::vector<size_t> sizes;
  for (const absl::string_view word : words) {
    // hiredis copies from it even if there is nothing to copy.
    starts.push_back(word.empty() ? "" : word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const int size = redisFormatCommandArgv(&text, static_cast<int>(words.size()),
                                          starts.data(), sizes.data());
  if (size < 0) DieOfMemory();
  auto command = crypto::SecretBuffer::CopyOf(
      absl::string_view(text, static_cast<size_t>(size)));
  // All of it: hiredis reckons the size and then fills it.
  crypto::WipeBytes(text, static_cast<size_t>(size));
  redisFreeCommand(text);
  return command;
}

}  // namespace keyward::target::redis
