/* The C twin of `lib/owners.ts`: the same answers, as far as `to_slug` below says. */
#pragma once
#include "json.h"

#define REASON_MAX 500
#define NAMES_MAX 1000

/* Texts in the order they came. What does not fit is left out. */
typedef struct {
  text items[NAMES_MAX];
  size_t count;
} names;

static inline bool has_name(const names *all, text name) {
  for (size_t index = 0; index < all->count; index++)
    if (same_text(all->items[index], name)) return true;
  return false;
}

static void add_name(names *all, text name) {
  if (all->count < NAMES_MAX) all->items[all->count++] = name;
}

static void put_names(builder *to, const names *all) {
  for (size_t index = 0; index < all->count; index++) {
    if (index > 0) put_text(to, TEXT(", "));
    put_text(to, all->items[index]);
  }
}

/* The lookup a route attached as `filename`; no text when there is none that can be read. */
static text read_owners(text input, text filename) {
  json_walk walk = json_start(json_get(input, TEXT("attachments")));
  while (json_next(&walk)) {
    if (!same_text(json_text(json_get(walk.value, TEXT("filename"))), filename)) continue;
    text content = json_text(json_get(walk.value, TEXT("content")));
    return json_is_valid(content) && json_is(trim(content), '{') ? content : no_text;
  }
  return no_text;
}

/* In ASCII: only ASCII letters change case, every byte beyond ASCII counts as a letter, nothing is composed. */
static text to_slug(text name) {
  builder slug = {0};
  bool gap = false;
  for (size_t index = 0; index < name.size; index++) {
    char byte = to_lower(name.at[index]);
    bool is_word = is_digit(byte) || is_letter(byte) || (unsigned char)byte >= 0x80;
    if (is_word) {
      if (gap && slug.size > 0) put_text(&slug, TEXT("-"));
      put_bytes(&slug, &byte, 1);
    }
    gap = !is_word;
  }
  return built(&slug);
}

static void collect_addresses(text value, names *addresses) {
  if (json_is(value, '[')) {
    json_walk walk = json_start(value);
    while (json_next(&walk)) collect_addresses(walk.value, addresses);
  } else if (json_is(value, '{')) {
    collect_addresses(json_get(value, TEXT("email")), addresses);
  } else {
    text said = json_text(value);
    for (size_t index = 0; index < said.size; index++) {
      if (said.at[index] != '@') continue;
      add_name(addresses, trim(said));
      return;
    }
  }
}

/* Looks a name up as people mean it: `Project 1`, `project-1` and `PROJECT_1` are the same. */
static void find_owners(text owners, text name, names *addresses) {
  text wanted = to_slug(name);
  if (wanted.size == 0) return;
  text found = json_get(owners, name);
  json_walk walk = json_start(owners);
  while (found.at == NULL && json_next(&walk)) {
    text key = json_text(walk.key);
    if (same_text(to_slug(key), wanted)) found = json_get(owners, key);
  }
  collect_addresses(found, addresses);
}

static text shorten(text reason) {
  size_t size = bytes_of_units(reason, REASON_MAX);
  if (size == reason.size) return reason;
  builder cut = {0};
  put_bytes(&cut, reason.at, size);
  put_text(&cut, TEXT("…"));
  return built(&cut);
}

/* Answers with new recipients; `project` becomes a label when there is one. */
static int32_t assign(const names *recipients, text project, text reason) {
  builder answer = {0};
  put_text(&answer, TEXT("{\"recipients\":["));
  for (size_t index = 0; index < recipients->count; index++) {
    if (index > 0) put_text(&answer, TEXT(","));
    put_json_text(&answer, recipients->items[index]);
  }
  put_text(&answer, TEXT("],"));
  if (project.at != NULL) {
    put_text(&answer, TEXT("\"labels\":{\"project\":"));
    put_json_text(&answer, project);
    put_text(&answer, TEXT("},"));
  }
  put_text(&answer, TEXT("\"reason\":"));
  put_json_text(&answer, shorten(reason));
  put_text(&answer, TEXT("}"));
  return write_output(built(&answer));
}

/* The recipients stay as they are, and the trace says why. */
static int32_t keep_recipients(text reason) {
  text words = shorten(reason);
  log_warning(words);
  builder answer = {0};
  put_text(&answer, TEXT("{\"reason\":"));
  put_json_text(&answer, words);
  put_text(&answer, TEXT("}"));
  return write_output(built(&answer));
}
