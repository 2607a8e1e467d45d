// SPDX-License-Identifier: Apache-2.0
#include "editing/document/document_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "engine/base/assets.h"
#include "engine/base/atomic_file.h"
#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/text.h"
#include "engine/config/config_reader.h"
#include "engine/config/config_writer.h"

namespace vane {
namespace {

namespace fs = std::filesystem;

/// What all kinds share, as the file spells it.
struct EditHead {
  int64_t id = 0, version = kEditVersion;
  std::string kind, mask;
  bool enabled = true;
  double strength = 1;
  std::string found;

  template <class V>
  static void fields(V& v) {
    using C = EditHead;
    v.field("id", &C::id, "number of the edit", {.min = 1, .required = true});
    v.field("kind", &C::kind, "what it is",
            {.choices = {"enhance", "develop", "face", "mask", "scene"}, .required = true});
    v.field("version", &C::version, "version of the kind",
            {.min = 1, .max = static_cast<double>(kEditVersion)});
    v.field("enabled", &C::enabled, "whether it is done");
    v.field("strength", &C::strength, "how much of it", {.min = -4, .max = 4});
    v.field("mask", &C::mask, "where: a phrase, a file, or #N for a mask edit");
    v.field("found", &C::found, "what its search found, in the folder of the document");
  }
};

struct Header {
  std::string photo, photo_hash, notes;
  int64_t next_id = 1;
  std::shared_ptr<const YamlNode> edits;

  template <class V>
  static void fields(V& v) {
    using C = Header;
    v.field("photo", &C::photo, "name of the photograph");
    v.field("photo-hash", &C::photo_hash, "hash of its bytes");
    v.field("notes", &C::notes, "your own words; kept");
    v.field("next-id", &C::next_id, "number of the next edit", {.min = 1});
    v.field("edits", &C::edits, "the edits, first to last");
  }
};

Fields fields_of_edit(EditHead& head, Edit& edit) {
  Fields all = fields_of(head);
  Fields own;
  switch (edit.kind) {
    case EditKind::enhance:
      own = fields_of(edit.enhance);
      break;
    case EditKind::develop:
      own = fields_of(edit.develop);
      break;
    case EditKind::face:
      own = fields_of(edit.face);
      break;
    case EditKind::mask:
      own = fields_of(edit.region);
      break;
    case EditKind::scene:
      own = fields_of(edit.scene);
      break;
  }
  for (Field& field : own) all.push_back(std::move(field));
  return all;
}

std::string edit_text(Edit edit) {
  EditHead head{edit.id,
                edit.version,
                std::string(edit_kind_name(edit.kind)),
                edit.mask,
                edit.enabled,
                edit.strength,
                edit.found.string()};
  const std::string text = yaml_text(fields_of_edit(head, edit));
  std::string out;
  for (const std::string& line : split(text, '\n')) {
    if (!line.empty()) out += (out.empty() ? "  - " : "    ") + line + "\n";
  }
  return out;
}

Edit edit_of(const YamlNode& node, const std::string& name) {
  Edit edit;
  const YamlNode* kind = node.find("kind");
  if (node.kind != YamlNode::Kind::map || !kind) {
    throw Error(ErrorCode::config, "an edit needs a kind")
        .in_file(name)
        .at_line(node.line, node.column);
  }
  try {
    edit.kind = edit_kind(kind->text);
  } catch (Error& problem) {
    throw std::move(problem).in_file(name).at_line(kind->line, kind->column);
  }
  EditHead head;
  const Fields fields = fields_of_edit(head, edit);
  ConfigOrigins origins;
  apply_yaml(node, name, fields, &origins);
  require_all(fields, origins, name);
  edit.id = head.id;
  edit.version = head.version;
  edit.enabled = head.enabled;
  edit.strength = head.strength;
  edit.mask = head.mask;
  edit.found = head.found;
  if (edit.found.is_absolute() || head.found.find("..") != std::string::npos) {
    throw Error(ErrorCode::config, "found names a file outside of the document's folder")
        .in_file(name)
        .at_line(node.line, node.column);
  }
  return edit;
}

std::optional<std::string> text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool can_write_beside(const fs::path& photo) {
  fs::path folder = photo.parent_path();
  return ::access(folder.empty() ? "." : folder.c_str(), W_OK) == 0;
}

}  // namespace

DocumentPlaces document_places(const fs::path& photo) {
  DocumentPlaces places;
  places.photo = fs::absolute(photo).lexically_normal();
  fs::path base = places.photo;
  if (!can_write_beside(places.photo)) {
    const fs::path folder =
        data_folder() / "documents" / hex64(xxh64(places.photo.parent_path().string()));
    std::error_code fault;
    fs::create_directories(folder, fault);
    if (fault) {
      throw Error(ErrorCode::resource, "cannot create the folder: " + fault.message())
          .in_file(folder);
    }
    base = folder / places.photo.filename();
  }
  places.sidecar = base.string() + ".vane.yaml";
  places.folder = base.string() + ".vane";
  return places;
}

std::string stack_text(const EditStack& stack) {
  std::string out = "next-id: " + std::to_string(stack.next_id()) + "\nedits:";
  if (stack.empty()) return out + " []\n";
  out += "\n";
  for (const EditStack::Entry& edit : stack.edits()) out += edit_text(*edit);
  return out;
}

std::string document_text(const Document& document) {
  Header header{document.photo, document.photo_hash, document.notes, 1, nullptr};
  Fields fields = fields_of(header);
  fields.resize(3);
  return "# Edits of a photograph or a scene, by `vane gui`.\nschema: 1\n" + yaml_text(fields) +
         stack_text(document.stack);
}

Document parse_document(const std::string& text, const std::string& name, const Limits& limits) {
  Header header;
  apply_yaml(*parse_yaml(text, name, limits), name, fields_of(header));
  Document document{header.photo, header.photo_hash, header.notes, {}};
  EditStackBuilder builder;
  if (header.edits && header.edits->kind != YamlNode::Kind::null) {
    if (header.edits->kind != YamlNode::Kind::sequence) {
      throw Error(ErrorCode::config, "edits is a list")
          .in_file(name)
          .at_line(header.edits->line, header.edits->column);
    }
    for (const auto& item : header.edits->items) {
      Edit edit = edit_of(*item, name);
      try {
        builder.add(std::move(edit));
      } catch (Error& problem) {
        throw std::move(problem).in_file(name).at_line(item->line, item->column);
      }
    }
  }
  builder.set_next_id(header.next_id);
  document.stack = builder.take();
  return document;
}

std::optional<Document> DocumentFile::load(const Limits& limits) {
  known_ = text_of(path_);
  if (!known_) {
    if (fs::exists(path_)) throw Error(ErrorCode::input, "cannot be read").in_file(path_);
    return std::nullopt;
  }
  return parse_document(*known_, path_.string(), limits);
}

fs::path DocumentFile::save(const Document& document) {
  if (text_of(path_) != known_) {
    const fs::path original = path_;
    for (int n = 1; fs::exists(path_); ++n) {
      path_ = original;
      path_.replace_extension(fmt::format(".conflict-{}.yaml", n));
    }
  }
  const std::string text = document_text(document);
  atomic_write(path_, std::string_view(text));
  known_ = text;
  return path_;
}

}  // namespace vane
