// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SHARED_TEXT_H_
#define KEYWARD_LIBS_RPC_SHARED_TEXT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace keyward::rpc {

// A text that is too long to be copied for each call. A plain value; it keeps
// what it is a part of.
class SharedText {
 public:
  // The empty text.
  SharedText() = default;
  // A text of its own.
  SharedText(std::string text) {  // NOLINT: a text is a text
    auto owned = std::make_shared<const std::string>(std::move(text));
    text_ = *owned;
    keeper_ = std::move(owned);
  }
  // A part of what `keeper` keeps.
  SharedText(std::shared_ptr<const void> keeper, absl::string_view text)
      : keeper_(std::move(keeper)), text_(text) {}

  // Valid as long as any copy of this.
  absl::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::shared_ptr<const void> keeper_;
  absl::string_view text_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SHARED_TEXT_H_
