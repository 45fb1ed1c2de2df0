// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/sensitive.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/map_field.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/unknown_field_set.h"
#include "libs/base/mutex.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/sensitive_plan.h"

#ifndef GOOGLE_PROTOBUF_HAS_CEL_MAP_REFLECTION_FRIEND
#error "This protobuf has no way into maps; wiping them must be solved anew."
#endif

namespace google::protobuf::expr {

// Protobuf opens a map's own storage to this name only. Its public reflection
// shows a map as a repeated field, that is, as copies: wiping those would leave
// the plaintext in the map.
class CelMapReflectionFriend {
 public:
  template <typename Visit>
  static void VisitValues(Message* message, const FieldDescriptor* field,
                          Visit visit) {
    const Reflection* reflection = message->GetReflection();
    MapIterator end = reflection->MapEnd(message, field);
    for (MapIterator it = reflection->MapBegin(message, field); it != end;
         ++it) {
      visit(it.MutableValueRef());
    }
  }
};

}  // namespace google::protobuf::expr

namespace keyward::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::MapValueRef;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;
using google::protobuf::UnknownFieldSet;
using google::protobuf::expr::CelMapReflectionFriend;

// Overwrites all that `value` has reserved. Protobuf gives only const access
// to a field's own string; setting the field instead would make and free
// copies. An unset field refers to one empty string that all messages share,
// which must not be written to.
void WipeInPlace(const std::string& value) {
  if (value.empty()) return;
  crypto::WipeString(const_cast<std::string*>(&value));
}

void WipeField(Message* message, const FieldDescriptor* field) {
  const Reflection* reflection = message->GetReflection();
  if (field->is_map()) {
    CelMapReflectionFriend::VisitValues(message, field, [](MapValueRef* value) {
      WipeInPlace(value->GetStringValue());
    });
  } else if (field->is_repeated()) {
    std::string scratch;
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
      WipeInPlace(
          reflection->GetRepeatedStringReference(*message, field, i, &scratch));
    }
  } else {
    std::string scratch;
    WipeInPlace(reflection->GetStringReference(*message, field, &scratch));
  }
}

void WipeUnknown(UnknownFieldSet* fields) {
  for (int i = 0; i < fields->field_count(); ++i) {
    google::protobuf::UnknownField* field = fields->mutable_field(i);
    switch (field->type()) {
      case google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED:
        WipeInPlace(field->length_delimited());
        break;
      case google::protobuf::UnknownField::TYPE_GROUP:
        WipeUnknown(field->mutable_group());
        break;
      default:
        break;
    }
  }
}

// Recursion is as deep as the message, which the parser bounds at 100.
void Wipe(const SensitivePlan& plan, Message* message) {
  const SensitivePlan::Type* type = plan.Find(message->GetDescriptor());
  if (type == nullptr) return;
  const Reflection* reflection = message->GetReflection();
  for (const FieldDescriptor* field : type->sensitive) {
    WipeField(message, field);
  }
  for (const FieldDescriptor* field : type->nested) {
    if (field->is_map()) {
      CelMapReflectionFriend::VisitValues(
          message, field, [&plan](MapValueRef* value) {
            Wipe(plan, value->MutableMessageValue());
          });
    } else if (field->is_repeated()) {
      const int size = reflection->FieldSize(*message, field);
      for (int i = 0; i < size; ++i) {
        Wipe(plan, reflection->MutableRepeatedMessage(message, field, i));
      }
    } else if (reflection->HasField(*message, field)) {
      Wipe(plan, reflection->MutableMessage(message, field));
    }
  }
  if (!reflection->GetUnknownFields(*message).empty()) {
    WipeUnknown(reflection->MutableUnknownFields(message));
  }
}

// Plans of the types that are compiled into the program. They are a pure
// function of descriptors that live as long as the process, so keeping them is
// no state that anyone could observe. Never destroyed: a thread may still wipe
// a message while the process exits.
class CompiledPlans {
 public:
  static CompiledPlans& Get() {
    static CompiledPlans& plans = *new CompiledPlans;
    return plans;
  }

  const SensitivePlan& Find(const Descriptor* type) {
    MutexLock lock(&mu_);
    std::unique_ptr<const SensitivePlan>& plan = plans_[type];
    if (plan == nullptr) plan = std::make_unique<SensitivePlan>(type);
    return *plan;
  }

 private:
  Mutex mu_;
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<const SensitivePlan>>
      plans_ ABSL_GUARDED_BY(mu_);
};

// Calls `use` with the plan of `type`. A type made at run time is compiled
// each time: its descriptor may be freed and another one take its address.
template <typename Use>
auto WithPlan(const Descriptor* type, Use use) {
  if (type->file()->pool() == DescriptorPool::generated_pool()) {
    return use(CompiledPlans::Get().Find(type));
  }
  return use(SensitivePlan(type));
}

class RedactingPrinter : public TextFormat::FastFieldValuePrinter {
 public:
  void PrintString(const std::string&,
                   TextFormat::BaseTextGenerator* generator) const override {
    generator->PrintLiteral("[REDACTED]");
  }
  void PrintBytes(const std::string&,
                  TextFormat::BaseTextGenerator* generator) const override {
    generator->PrintLiteral("[REDACTED]");
  }
};

void RedactAllBelow(const SensitivePlan& plan, const Descriptor* root,
                    absl::flat_hash_map<const Descriptor*, bool>* done,
                    TextFormat::Printer* printer) {
  const SensitivePlan::Type* type = plan.Find(root);
  if (type == nullptr || !done->emplace(root, true).second) return;
  for (const FieldDescriptor* field : type->sensitive) {
    const FieldDescriptor* printed =
        field->is_map() ? field->message_type()->map_value() : field;
    printer->RegisterFieldValuePrinter(printed, new RedactingPrinter);
  }
  for (const FieldDescriptor* field : type->nested) {
    const FieldDescriptor* holder =
        field->is_map() ? field->message_type()->map_value() : field;
    RedactAllBelow(plan, holder->message_type(), done, printer);
  }
}

}  // namespace

bool HasSensitiveFields(const Descriptor* type) {
  return WithPlan(type,
                  [](const SensitivePlan& plan) { return !plan.empty(); });
}

void WipeSensitive(Message* message) {
  WithPlan(message->GetDescriptor(),
           [message](const SensitivePlan& plan) { Wipe(plan, message); });
}

std::string DebugStringRedacted(const Message& message) {
  TextFormat::Printer printer;
  printer.SetHideUnknownFields(true);
  absl::flat_hash_map<const Descriptor*, bool> done;
  WithPlan(message.GetDescriptor(), [&](const SensitivePlan& plan) {
    RedactAllBelow(plan, message.GetDescriptor(), &done, &printer);
  });
  std::string text;
  // The last resort if printing fails: say nothing about the content.
  if (!printer.PrintToString(message, &text)) return "[REDACTED]";
  return text;
}

}  // namespace keyward::rpc
