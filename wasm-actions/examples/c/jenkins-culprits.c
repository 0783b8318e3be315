/* `jenkins-culprits.ts` in C: sends a failed Jenkins build to those whose changes are in it. How to compile: mailtrigger.h. */
#include "owners.h"

/* `Changes:`, `Changes for Build #401`, `changes since yesterday:` … */
static bool is_start(text line) {
  text words = trim(line);
  if (!starts_with(words, TEXT("changes"))) return false;
  text rest = cut_text(words, 7, words.size);
  if (rest.size == 0 || same_text(rest, TEXT(":"))) return true;
  text keyword = trim_start(rest);
  if (keyword.size == rest.size) return false;
  size_t size = starts_with(keyword, TEXT("since ")) ? 6
                : starts_with(keyword, TEXT("for ")) ? 4
                : starts_with(keyword, TEXT("in "))  ? 3
                                                     : 0;
  if (size == 0 || size == keyword.size) return false;
  text what = cut_text(keyword, size, keyword.size);
  text behind = cut_text(what, bytes_of_units(what, 80), what.size);
  return behind.size == 0 || same_text(trim(behind), TEXT(":"));
}

static bool is_ruler(text line) {
  text words = trim(line);
  for (size_t index = 0; index < words.size; index++)
    if (words.at[index] != '-') return false;
  return words.size >= 5;
}

/* A capital, words, a colon: `Console output:`. */
static bool is_heading(text line) {
  text words = trim_end(line);
  if (words.size < 2 || words.size > 62 || words.at[0] < 'A' || words.at[0] > 'Z') return false;
  if (words.at[words.size - 1] != ':') return false;
  for (size_t index = 1; index < words.size - 1; index++) {
    char byte = words.at[index];
    if (!is_digit(byte) && !is_letter(byte) && byte != '_' && byte != ' ') return false;
  }
  return true;
}

/* The name of `[name] message` or `- [name] message`; empty when the line is no such one. */
static text read_name(text line) {
  text rest = line;
  if (line.size > 1 && line.at[0] == '-' && is_space(line.at[1])) rest = trim_start(cut_text(line, 1, line.size));
  if (rest.size == 0 || rest.at[0] != '[') return no_text;
  size_t end = 1;
  while (end < rest.size && rest.at[end] != ']') end++;
  text name = cut_text(rest, 1, end);
  if (end == rest.size || name.size == 0 || bytes_of_units(name, 100) < name.size) return no_text;
  text message = cut_text(rest, end + 1, rest.size);
  text words = trim_start(message);
  return words.size == 0 || words.size == message.size ? no_text : trim(name);
}

/* The names between `Changes:` and the dashed ruler or the next heading, each once. */
static void list_culprits(text mail_text, names *culprits) {
  bool inside = false;
  for (size_t start = 0; start <= mail_text.size;) {
    size_t end = start;
    while (end < mail_text.size && mail_text.at[end] != '\n') end++;
    text line = cut_text(mail_text, start, end);
    if (end < mail_text.size && line.size > 0 && line.at[line.size - 1] == '\r') line.size--;
    start = end + 1;
    if (!inside) {
      inside = is_start(line);
      continue;
    }
    if (is_ruler(line) || is_heading(line)) return;
    text name = read_name(line);
    if (name.size > 0 && !has_name(culprits, name)) add_name(culprits, name);
  }
}

static text describe(text start, const names *culprits, const names *strangers) {
  builder reason = {0};
  put_text(&reason, start);
  put_names(&reason, culprits);
  if (strangers != NULL && strangers->count > 0) {
    put_text(&reason, TEXT("; not in developers.json: "));
    put_names(&reason, strangers);
  }
  return built(&reason);
}

MT_EXPORT("handle") int32_t handle(void) {
  static names culprits, recipients, strangers;
  text input = read_input();
  if (!json_is_valid(input)) return fail(TEXT("the input is no JSON"));
  text developers = read_owners(input, TEXT("developers.json"));
  if (developers.at == NULL) return keep_recipients(TEXT("developers.json is not attached or is no JSON object"));
  list_culprits(json_text(json_get(json_get(input, TEXT("mail")), TEXT("text"))), &culprits);
  if (culprits.count == 0) return keep_recipients(TEXT("the mail lists no changes"));
  for (size_t index = 0; index < culprits.count; index++) {
    static names addresses;
    addresses.count = 0;
    find_owners(developers, culprits.items[index], &addresses);
    if (addresses.count == 0) add_name(&strangers, culprits.items[index]);
    for (size_t other = 0; other < addresses.count; other++)
      if (!has_name(&recipients, addresses.items[other])) add_name(&recipients, addresses.items[other]);
  }
  if (recipients.count == 0) return keep_recipients(describe(TEXT("developers.json knows none of "), &culprits, NULL));
  return assign(&recipients, no_text, describe(TEXT("changes by "), &culprits, &strangers));
}
