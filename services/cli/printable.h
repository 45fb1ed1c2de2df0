// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_PRINTABLE_H_
#define KEYWARD_SERVICES_CLI_PRINTABLE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace keyward::cli {

// Text for a terminal. Labels, names and user agents were chosen by others:
// an escape sequence in one could repaint what an auditor sees, and a line
// break could add a row to a table.

// `text` with every control character (those of C1 and DEL included), every
// byte that is no UTF-8, and the invisible characters that reorder text
// written as \xNN or \u{N}. Everything else stays as it is.
std::string Printable(absl::string_view text);

// A table: columns as wide as their widest cell, two spaces apart, the head in
// upper case. Cells are made printable, an empty one is "-".
class Table {
 public:
  explicit Table(std::vector<std::string> head);

  // Cells beyond the head are dropped, missing ones are empty.
  void Add(std::vector<std::string> row);

  bool empty() const { return rows_.empty(); }

  // Lines, each with its line break and without trailing spaces.
  std::string ToString() const;

 private:
  const std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
};

// The lines "name:  value", values aligned; pairs with an empty value are left
// out.
class Fields {
 public:
  void Add(std::string name, absl::string_view value);
  std::string ToString() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_PRINTABLE_H_
