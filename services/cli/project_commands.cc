// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/project_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/cli/names.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using policy::v1::CreateProjectRequest;
using policy::v1::CreateProjectResponse;
using policy::v1::DeleteProjectRequest;
using policy::v1::DeleteProjectResponse;
using policy::v1::ListProjectsRequest;
using policy::v1::ListProjectsResponse;
using policy::v1::Project;

struct CreateOptions {
  std::string id;
  std::string display_name;
};

absl::Status Create(const CreateOptions& options, Session& session) {
  absl::StatusOr<ResourceName> name = ProjectName(options.id);
  if (!name.ok()) return name.status();
  CreateProjectRequest request;
  request.set_project_id(std::string(name->id()));
  request.mutable_project()->set_display_name(options.display_name);
  auto created = session.Call<CreateProjectResponse>(request);
  if (!created.ok()) return created.status();
  return session.Print(*created, [&] {
    return absl::StrCat("created ", Printable(created->project().name()),
                        " (policy revision ", created->revision(), ")\n");
  });
}

std::string ShowProjects(const ListProjectsResponse& all) {
  Table table({"project", "display name", "state", "created"});
  for (const Project& project : all.projects()) {
    table.Add({LastSegment(project.name()), project.display_name(),
               ShowEnum(policy::v1::ProjectState_Name(project.state()),
                        "PROJECT_STATE_"),
               ShowTime(project.create_time())});
  }
  return table.ToString();
}

absl::Status List(Session& session) {
  auto all = session.List<ListProjectsResponse>(
      ListProjectsRequest(), 0,
      [](const ListProjectsResponse& page) -> int64_t {
        return page.projects_size();
      });
  if (!all.ok()) return all.status();
  return session.Print(*all, [&] { return ShowProjects(*all); });
}

absl::Status Delete(const std::string& id, Session& session) {
  absl::StatusOr<ResourceName> name = ProjectName(id);
  if (!name.ok()) return name.status();
  DeleteProjectRequest request;
  request.set_name(name->ToString());
  auto deleted = session.Call<DeleteProjectResponse>(request);
  if (!deleted.ok()) return deleted.status();
  return session.Print(*deleted, [&] {
    return absl::StrCat("deleted ", name->ToString(), " for good\n");
  });
}

}  // namespace

void AddProjectCommands(CLI::App* app, Command* chosen) {
  CLI::App* project =
      app->add_subcommand("project", "Create, list and delete projects");
  project->require_subcommand(1);

  auto options = std::make_shared<CreateOptions>();
  CLI::App* create = project->add_subcommand(
      "create", "Create a project; its id is never given again");
  create->add_option("ID", options->id, "[a-z][a-z0-9-]*, 3 to 63 characters")
      ->required();
  create->add_option("--display-name", options->display_name,
                     "A name for people");
  create->footer("Example:\n  keyward project create payments");
  create->callback([options, chosen] {
    *chosen = [options](Session& session) { return Create(*options, session); };
  });

  CLI::App* list =
      project->add_subcommand("list", "List the projects that you may see");
  list->footer("Example:\n  keyward project list");
  list->callback([chosen] { *chosen = List; });

  auto id = std::make_shared<std::string>();
  CLI::App* remove =
      project->add_subcommand("delete", "Delete an empty project, for good");
  remove->add_option("ID", *id, "The project")->required();
  remove->footer("Example:\n  keyward project delete payments");
  remove->callback([id, chosen] {
    *chosen = [id](Session& session) { return Delete(*id, session); };
  });
}

}  // namespace keyward::cli
