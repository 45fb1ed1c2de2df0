// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/config/yaml_tree.h"

#include <cstdint>
#include <exception>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "libs/config/text.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace keyward::config {
namespace {

// Longest part of a key that a message repeats.
constexpr size_t kShownKey = 64;

std::string Shown(absl::string_view key) {
  return absl::CEscape(key.substr(0, kShownKey));
}

// Builds the tree from the parser's events and keeps the first violation. The
// library reports by exceptions of its own; a handler must not add ours, so
// after a violation the rest of the events are counted for nothing.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(absl::string_view origin) : origin_(origin) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) Refuse(mark, "a second document is not allowed");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!Admit(mark, "", anchor)) return;
    YamlNode node;
    node.where = Where(mark);
    if (AwaitsKey()) return Refuse(mark, "a key must not be empty");
    Attach(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "aliases (*name) are not allowed");
  }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    Refuse(mark, "anchors (&name) are not allowed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    if (!Admit(mark, tag, anchor)) return;
    // Escapes inside quotes can make what the file's bytes did not contain.
    if (!IsPlainText(value)) {
      return Refuse(mark, "control characters are not allowed");
    }
    if (AwaitsKey()) return TakeKey(mark, value);
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.scalar = value;
    node.quoted = tag == "!";
    node.where = Where(mark);
    Attach(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

  bool refused() const { return !status_.ok(); }

  absl::StatusOr<YamlNode> Take() && {
    if (!status_.ok()) return status_;
    return std::move(root_);
  }

 private:
  struct Frame {
    YamlNode node;
    std::optional<YamlEntry> pending;  // a key that has no value yet
  };

  std::string Where(const YAML::Mark& mark) const {
    return absl::StrCat(origin_, ":", mark.line + 1, ":", mark.column + 1);
  }

  void Refuse(const YAML::Mark& mark, absl::string_view rule) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat(Where(mark), ": ", rule));
  }

  // Checks what every value has in common.
  bool Admit(const YAML::Mark& mark, absl::string_view tag,
             YAML::anchor_t anchor) {
    if (!status_.ok()) return false;
    if (anchor != YAML::NullAnchor) {
      Refuse(mark, "anchors (&name) are not allowed");
    } else if (!tag.empty() && tag != "!" && tag != "?") {
      Refuse(mark, "tags (!name) are not allowed");
    } else if (++nodes_ > kMaxYamlNodes) {
      Refuse(mark, absl::StrCat("more than ", kMaxYamlNodes, " values"));
    }
    return status_.ok();
  }

  bool AwaitsKey() const {
    return !stack_.empty() && stack_.back().node.kind == YamlNode::Kind::kMap &&
           !stack_.back().pending.has_value();
  }

  void TakeKey(const YAML::Mark& mark, const std::string& key) {
    if (stack_.back().node.Find(key) != nullptr) {
      return Refuse(mark,
                    absl::StrCat("key \"", Shown(key), "\" stands here twice"));
    }
    YamlEntry entry;
    entry.key = key;
    entry.where = Where(mark);
    stack_.back().pending = std::move(entry);
  }

  void Open(const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YamlNode::Kind kind) {
    if (!Admit(mark, tag, anchor)) return;
    if (AwaitsKey()) return Refuse(mark, "a key must be a plain word");
    if (stack_.size() >= kMaxYamlDepth) {
      return Refuse(mark, absl::StrCat("nested deeper than ", kMaxYamlDepth));
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.where = Where(mark);
    stack_.push_back(std::move(frame));
  }

  void Close() {
    if (!status_.ok()) return;
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    Attach(std::move(node));
  }

  void Attach(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& top = stack_.back();
    if (top.node.kind == YamlNode::Kind::kSequence) {
      top.node.items.push_back(std::move(node));
      return;
    }
    top.pending->value = std::move(node);
    top.node.entries.push_back(*std::move(top.pending));
    top.pending.reset();
  }

  const std::string origin_;
  absl::Status status_;
  int documents_ = 0;
  size_t nodes_ = 0;
  std::vector<Frame> stack_;
  YamlNode root_;
};

absl::Status CheckBytes(absl::string_view bytes, absl::string_view origin) {
  if (bytes.size() > kMaxYamlBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(origin, ": larger than ", kMaxYamlBytes, " bytes"));
  }
  // The library would guess at UTF-16 and UTF-32; what an editor shows and
  // what is read must be one.
  if (!IsPlainText(bytes)) {
    return absl::InvalidArgumentError(absl::StrCat(
        origin, ": not UTF-8 text, or it contains control characters"));
  }
  return absl::OkStatus();
}

// `bytes` with the mark that ends a document. Without it the library takes a
// quote that is never closed for a value that reaches to the end of the file:
// one lost quote would turn the rest of the settings into text.
std::string Terminated(absl::string_view bytes) {
  const bool ends_line = bytes.empty() || bytes.back() == '\n';
  return absl::StrCat(bytes, ends_line ? "" : "\n", "...\n");
}

}  // namespace

const YamlNode* YamlNode::Find(absl::string_view key) const {
  for (const YamlEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlNode* YamlNode::Find(absl::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).Find(key));
}

absl::StatusOr<YamlNode> ParseYaml(absl::string_view bytes,
                                   absl::string_view origin) {
  absl::Status checked = CheckBytes(bytes, origin);
  if (!checked.ok()) return checked;
  TreeBuilder builder(origin);
  try {
    std::istringstream stream(Terminated(bytes));
    YAML::Parser parser(stream);
    // Not one document more than the first refusal: a token that begins none,
    // such as a comma, the library does not take, and finds again for ever.
    while (!builder.refused() && parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& e) {
    return absl::InvalidArgumentError(absl::StrCat(
        origin, ":", e.mark.line + 1, ":", e.mark.column + 1,
        ": not valid YAML: ", absl::CEscape(e.msg.substr(0, kShownKey))));
  } catch (const std::exception&) {
    return absl::InvalidArgumentError(absl::StrCat(origin, ": not valid YAML"));
  }
  absl::StatusOr<YamlNode> root = std::move(builder).Take();
  if (root.ok() && root->kind == YamlNode::Kind::kNull) {
    root->kind = YamlNode::Kind::kMap;
    root->where = std::string(origin);
  }
  return root;
}

}  // namespace keyward::config
