// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/sensitive.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/unknown_field_set.h"
#include "gtest/gtest.h"
#include "libs/rpc/sensitive_plan.h"
#include "proto/keyward/access/v1/access.pb.h"
#include "proto/keyward/internal/call/v1/call.pb.h"
#include "proto/keyward/secrets/v1/secret.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::DynamicMessageFactory;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

// Long enough to be outside the string object itself.
constexpr char kPlain[] = "correct horse battery staple";

// A type with every way to hold plaintext.
constexpr char kShapes[] = R"pb(
  name: "shapes.proto"
  package: "shapes"
  syntax: "proto3"
  dependency: "keyward/access/v1/access.proto"
  message_type {
    name: "Shape"
    field { name: "plain" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field {
      name: "single"
      number: 2
      type: TYPE_BYTES
      label: LABEL_OPTIONAL
      options {
        [keyward.access.v1.sensitive]: true
      }
    }
    field {
      name: "many"
      number: 3
      type: TYPE_STRING
      label: LABEL_REPEATED
      options {
        [keyward.access.v1.sensitive]: true
      }
    }
    field {
      name: "choice"
      number: 4
      type: TYPE_BYTES
      label: LABEL_OPTIONAL
      oneof_index: 0
      options {
        [keyward.access.v1.sensitive]: true
      }
    }
    field {
      name: "child"
      number: 5
      type: TYPE_MESSAGE
      label: LABEL_OPTIONAL
      type_name: ".shapes.Shape"
    }
    field {
      name: "children"
      number: 6
      type: TYPE_MESSAGE
      label: LABEL_REPEATED
      type_name: ".shapes.Shape"
    }
    field {
      name: "values"
      number: 7
      type: TYPE_MESSAGE
      label: LABEL_REPEATED
      type_name: ".shapes.Shape.ValuesEntry"
      options {
        [keyward.access.v1.sensitive]: true
      }
    }
    field {
      name: "shapes"
      number: 8
      type: TYPE_MESSAGE
      label: LABEL_REPEATED
      type_name: ".shapes.Shape.ShapesEntry"
    }
    nested_type {
      name: "ValuesEntry"
      field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "value" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL }
      options { map_entry: true }
    }
    nested_type {
      name: "ShapesEntry"
      field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field {
        name: "value"
        number: 2
        type: TYPE_MESSAGE
        label: LABEL_OPTIONAL
        type_name: ".shapes.Shape"
      }
      options { map_entry: true }
    }
    oneof_decl { name: "one" }
  }
)pb";

class ShapesTest : public testing::Test {
 protected:
  ShapesTest() : pool_(DescriptorPool::generated_pool()) {
    // Refer to it, so that the option is linked in.
    keyward::access::v1::AccessRule::descriptor();
    FileDescriptorProto file;
    EXPECT_TRUE(TextFormat::ParseFromString(kShapes, &file));
    EXPECT_NE(pool_.BuildFile(file), nullptr);
    type_ = pool_.FindMessageTypeByName("shapes.Shape");
  }

  std::unique_ptr<Message> Parse(const std::string& text) {
    std::unique_ptr<Message> message(factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(TextFormat::ParseFromString(text, message.get()));
    return message;
  }

  DescriptorPool pool_;
  DynamicMessageFactory factory_{&pool_};
  const Descriptor* type_ = nullptr;
};

TEST_F(ShapesTest, P5_PlaintextIsWipedWhateverHoldsIt) {
  const std::vector<std::string> holders = {
      R"(single: "%")",
      R"(many: ["a", "%"])",
      R"(choice: "%")",
      R"(child { child { single: "%" } })",
      R"(children { plain: "p" } children { many: "%" })",
      R"(values { key: "k" value: "%" })",
      R"(shapes { key: "k" value { values { key: "l" value: "%" } } })",
  };
  for (std::string text : holders) {
    text.replace(text.find('%'), 1, kPlain);
    const std::unique_ptr<Message> message = Parse(text);
    ASSERT_TRUE(absl::StrContains(message->SerializeAsString(), kPlain));
    WipeSensitive(message.get());
    EXPECT_FALSE(absl::StrContains(message->SerializeAsString(), kPlain))
        << text;
  }
}

TEST_F(ShapesTest, P5_NoPrinterShowsPlaintextWhateverHoldsIt) {
  const std::unique_ptr<Message> message = Parse(
      R"(plain: "shown" single: "% 1" many: "% 2" choice: "% 3"
         child { single: "% 4" } values { key: "k" value: "% 5" }
         shapes { key: "k" value { many: "% 6" } })");
  const std::string text = DebugStringRedacted(*message);
  EXPECT_FALSE(absl::StrContains(text, '%')) << text;
  EXPECT_TRUE(absl::StrContains(text, "plain: \"shown\"")) << text;
  EXPECT_TRUE(absl::StrContains(text, "single: [REDACTED]")) << text;
}

TEST_F(ShapesTest, FieldsThatAreNotSensitiveStayAsTheyAre) {
  const std::unique_ptr<Message> message =
      Parse(R"(plain: "p" single: "s" child { plain: "q" })");
  WipeSensitive(message.get());
  EXPECT_EQ(message->SerializeAsString(),
            Parse(R"(plain: "p" child { plain: "q" })")->SerializeAsString());
}

TEST(WipeSensitiveTest, P5_TheMemoryOfTheFieldItselfIsOverwritten) {
  keyward::secrets::v1::SecretPayload payload;
  payload.set_data(kPlain);
  const char* const memory = payload.data().data();
  WipeSensitive(&payload);
  // The string kept its memory, which belongs to the payload still.
  ASSERT_EQ(payload.data().data(), memory);
  EXPECT_EQ(std::string(memory, sizeof(kPlain) - 1),
            std::string(sizeof(kPlain) - 1, '\0'));
}

TEST(WipeSensitiveTest, P5_UnknownFieldsBesideSensitiveOnesAreWiped) {
  keyward::secrets::v1::SecretPayload payload;
  payload.GetReflection()->MutableUnknownFields(&payload)->AddLengthDelimited(
      15, kPlain);
  WipeSensitive(&payload);
  EXPECT_FALSE(absl::StrContains(payload.SerializeAsString(), kPlain));
  EXPECT_FALSE(absl::StrContains(DebugStringRedacted(payload), kPlain));
}

TEST(WipeSensitiveTest, AnEmptyMessageStaysEmpty) {
  keyward::secrets::v1::AddSecretVersionRequest request;
  WipeSensitive(&request);
  EXPECT_EQ(request.ByteSizeLong(), 0u);
}

TEST(HasSensitiveFieldsTest, SeesThroughNestedMessages) {
  using keyward::secrets::v1::AccessSecretVersionResponse;
  using keyward::secrets::v1::BatchAccessSecretVersionsResponse;
  using keyward::secrets::v1::GetSecretResponse;
  EXPECT_TRUE(HasSensitiveFields(AccessSecretVersionResponse::descriptor()));
  EXPECT_TRUE(
      HasSensitiveFields(BatchAccessSecretVersionsResponse::descriptor()));
  EXPECT_FALSE(HasSensitiveFields(GetSecretResponse::descriptor()));
}

TEST(HasSensitiveFieldsTest, TheEnvelopeOfInternalCallsIsSensitive) {
  EXPECT_TRUE(
      HasSensitiveFields(keyward::internal::call::v1::Call::descriptor()));
  EXPECT_TRUE(HasSensitiveFields(
      keyward::internal::call::v1::CallResult::descriptor()));
}

// Every message type of Keyward's contracts that is linked in.
void CollectNested(const Descriptor* type,
                   std::vector<const Descriptor*>* out) {
  out->push_back(type);
  for (int i = 0; i < type->nested_type_count(); ++i) {
    CollectNested(type->nested_type(i), out);
  }
}

std::vector<const Descriptor*> AllTypes() {
  std::vector<std::string> names;
  EXPECT_TRUE(
      DescriptorPool::internal_generated_database()->FindAllFileNames(&names));
  std::vector<const Descriptor*> types;
  for (const std::string& name : names) {
    if (!absl::StartsWith(name, "keyward/")) continue;
    const FileDescriptor* file =
        DescriptorPool::generated_pool()->FindFileByName(name);
    for (int i = 0; i < file->message_type_count(); ++i) {
      CollectNested(file->message_type(i), &types);
    }
  }
  return types;
}

// Fills every sensitive field below `message` with plaintext and returns how
// many; `depth` stops at types that contain themselves.
int Plant(const SensitivePlan& plan, Message* message, int depth) {
  const SensitivePlan::Type* type = plan.Find(message->GetDescriptor());
  if (type == nullptr || depth == 0) return 0;
  const Reflection* reflection = message->GetReflection();
  int planted = 0;
  for (const FieldDescriptor* field : type->sensitive) {
    if (field->is_repeated()) {
      reflection->AddString(message, field, kPlain);
    } else {
      reflection->SetString(message, field, kPlain);
    }
    ++planted;
  }
  for (const FieldDescriptor* field : type->nested) {
    Message* below = field->is_repeated()
                         ? reflection->AddMessage(message, field)
                         : reflection->MutableMessage(message, field);
    planted += Plant(plan, below, depth - 1);
  }
  return planted;
}

TEST(AllContractsTest, P5_NoSensitiveFieldOfAnyContractSurvivesOrIsPrinted) {
  int planted = 0;
  for (const Descriptor* type : AllTypes()) {
    const std::unique_ptr<Message> message(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(type)
            ->New());
    planted += Plant(SensitivePlan(type), message.get(), 5);
    EXPECT_FALSE(absl::StrContains(DebugStringRedacted(*message), kPlain))
        << type->full_name();
    WipeSensitive(message.get());
    EXPECT_FALSE(absl::StrContains(message->SerializeAsString(), kPlain))
        << type->full_name();
  }
  // What the contracts have now, at the least: the test must not pass because
  // nothing is linked in.
  EXPECT_GE(planted, 15);
}

TEST(AllContractsTest, OnlyStringsAndBytesAreSensitive) {
  for (const Descriptor* type : AllTypes()) {
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (!field->options().GetExtension(keyward::access::v1::sensitive)) {
        continue;
      }
      if (field->is_map()) field = field->message_type()->map_value();
      EXPECT_EQ(field->cpp_type(), FieldDescriptor::CPPTYPE_STRING)
          << field->full_name();
    }
  }
}

}  // namespace
}  // namespace keyward::rpc
