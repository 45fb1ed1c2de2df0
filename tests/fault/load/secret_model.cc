// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/secret_model.h"

namespace keyward::fault {
namespace {

int64_t Count(const SecretModel& model) {
  return static_cast<int64_t>(model.versions.size());
}

// The number of the version that the operation is about; 0 if it does not
// exist.
int64_t NumberOf(const SecretModel& model, const Operation& operation) {
  const int64_t asked = operation.asked == 0 ? Count(model) : operation.asked;
  return asked <= Count(model) ? asked : 0;
}

Outcome OutcomeOfVersion(const SecretModel& model, const Operation& operation) {
  const int64_t number = NumberOf(model, operation);
  if (number == 0) return Outcome::kNotFound;
  const char state = model.versions[number - 1].state;
  switch (operation.kind) {
    case Kind::kRead:
      if (state == kDisabledState) return Outcome::kDisabled;
      break;
    case Kind::kDestroy:
      // To destroy once more changes nothing and is done.
      if (state == kDestroyedState) return Outcome::kDone;
      return number == Count(model) && !operation.allow_current
                 ? Outcome::kCurrent
                 : Outcome::kDone;
    default:
      break;
  }
  return state == kDestroyedState ? Outcome::kDestroyed : Outcome::kDone;
}

char StateAfter(Kind kind) {
  switch (kind) {
    case Kind::kEnable:
      return kEnabledState;
    case Kind::kDisable:
      return kDisabledState;
    default:
      return kDestroyedState;
  }
}

}  // namespace

std::string StatesOf(const SecretModel& model) {
  std::string states;
  for (const SecretModel::Version& version : model.versions) {
    states.push_back(version.state);
  }
  return states;
}

Outcome OutcomeIn(const SecretModel& model, const Operation& operation) {
  if (operation.guest && !model.granted) return Outcome::kDenied;
  switch (operation.kind) {
    case Kind::kAdd:
    case Kind::kGrant:
    case Kind::kList:
      return Outcome::kDone;
    case Kind::kRevoke:
      return model.granted ? Outcome::kDone : Outcome::kNotFound;
    case Kind::kRead:
    case Kind::kEnable:
    case Kind::kDisable:
    case Kind::kDestroy:
      break;
  }
  return OutcomeOfVersion(model, operation);
}

bool Fits(const SecretModel& model, const Operation& operation) {
  const Outcome outcome = OutcomeIn(model, operation);
  if (outcome != operation.outcome) return false;
  if (outcome != Outcome::kDone) return true;
  switch (operation.kind) {
    case Kind::kAdd:
      return operation.number == Count(model) + 1;
    case Kind::kRead: {
      const int64_t number = NumberOf(model, operation);
      return operation.number == number &&
             operation.value == model.versions[number - 1].value;
    }
    case Kind::kList:
      return operation.states == StatesOf(model);
    default:
      return true;
  }
}

Change Make(const Operation& operation, SecretModel* model) {
  Change change;
  if (OutcomeIn(*model, operation) != Outcome::kDone) return change;
  switch (operation.kind) {
    case Kind::kAdd:
      change.what = Change::What::kAdded;
      model->versions.push_back({operation.value, kEnabledState});
      break;
    case Kind::kGrant:
    case Kind::kRevoke: {
      const bool granted = operation.kind == Kind::kGrant;
      if (model->granted == granted) break;
      change.what = Change::What::kGranted;
      model->granted = granted;
      break;
    }
    case Kind::kEnable:
    case Kind::kDisable:
    case Kind::kDestroy: {
      const size_t index = NumberOf(*model, operation) - 1;
      char& state = model->versions[index].state;
      if (state == StateAfter(operation.kind)) break;
      change = {Change::What::kState, index, state};
      state = StateAfter(operation.kind);
      break;
    }
    case Kind::kRead:
    case Kind::kList:
      break;
  }
  return change;
}

void Undo(const Change& change, SecretModel* model) {
  switch (change.what) {
    case Change::What::kNothing:
      break;
    case Change::What::kGranted:
      model->granted = !model->granted;
      break;
    case Change::What::kAdded:
      model->versions.pop_back();
      break;
    case Change::What::kState:
      model->versions[change.index].state = change.before;
      break;
  }
}

}  // namespace keyward::fault
