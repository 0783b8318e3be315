/* `project-owner.ts` in C: sends a Sentry alert to the owners of its project. How to compile: mailtrigger.h. */
#include "owners.h"

/* A subject's start in which to look for a project's name. */
#define NAME_MAX_UNITS 200

static text read_header(text mail, text name) {
  json_walk walk = json_start(json_get(json_get(mail, TEXT("headers")), name));
  return json_next(&walk) ? trim(json_text(walk.value)) : no_text;
}

/* What follows `[Sentry] `, behind any number of `Re:`. Empty when the subject is no such one. */
static text cut_sentry_mark(text subject) {
  text rest = trim_start(subject);
  while (starts_with(rest, TEXT("re:"))) rest = trim_start(cut_text(rest, 3, rest.size));
  if (!starts_with(rest, TEXT("[sentry]")) || rest.size < 9 || !is_space(rest.at[8])) return no_text;
  return trim(cut_text(rest, 8, rest.size));
}

/* The project of `[Project] error: title`. */
static text read_bracketed(text subject) {
  if (subject.at[0] != '[') return no_text;
  for (size_t end = 1; end < subject.size; end++)
    if (subject.at[end] == ']') return end > 1 ? cut_text(subject, 1, end) : no_text;
  return no_text;
}

/* The project of `PROJECT-1-4K - title`: the first word without its last part. */
static text read_issue_prefix(text subject) {
  size_t end = 0;
  while (end < subject.size && !is_space(subject.at[end])) end++;
  if (!same_text(cut_text(subject, end, end + 3), TEXT(" - "))) return no_text;
  size_t dash = end;
  while (dash > 0 && (is_digit(subject.at[dash - 1]) || is_letter(subject.at[dash - 1]))) dash--;
  if (dash < 2 || dash == end || subject.at[dash - 1] != '-') return no_text;
  return cut_text(subject, 0, dash - 1);
}

static bool is_severity(text word) {
  static const text severities[] = {{"error", 5}, {"fatal", 5}, {"warning", 7}, {"alert", 5}};
  for (size_t index = 0; index < 4; index++)
    if (word.size == severities[index].size && starts_with(word, severities[index])) return true;
  return false;
}

/* A project may be called "Error Handler", so every such word may be the one after its name; the longest name wins. */
static void list_names_before_severity(text subject, names *candidates) {
  for (size_t at = subject.size; at-- > 1;) {
    if (!is_space(subject.at[at]) || is_space(subject.at[at - 1])) continue;
    text rest = trim_start(cut_text(subject, at, subject.size));
    size_t end = 0;
    while (end < rest.size && (is_digit(rest.at[end]) || is_letter(rest.at[end]) || rest.at[end] == '_')) end++;
    if (is_severity(cut_text(rest, 0, end))) add_name(candidates, cut_text(subject, 0, at));
  }
}

/* What the project may be called, the surest first; the forms are told in `project-owner.ts`. */
static void list_projects(text mail, names *candidates) {
  text header = read_header(mail, TEXT("x-sentry-project"));
  if (header.size > 0) return add_name(candidates, header);
  text subject = cut_sentry_mark(json_text(json_get(mail, TEXT("subject"))));
  if (subject.size == 0) return;
  text bracketed = read_bracketed(subject);
  if (bracketed.at != NULL) return add_name(candidates, bracketed);
  text issue = read_issue_prefix(subject);
  if (issue.at != NULL) return add_name(candidates, issue);
  list_names_before_severity(cut_text(subject, 0, bytes_of_units(subject, NAME_MAX_UNITS)), candidates);
}

MT_EXPORT("handle") int32_t handle(void) {
  static names candidates, recipients;
  text input = read_input();
  if (!json_is_valid(input)) return fail(TEXT("the input is no JSON"));
  text owners = read_owners(input, TEXT("project-owners.json"));
  if (owners.at == NULL) return keep_recipients(TEXT("project-owners.json is not attached or is no JSON object"));
  list_projects(json_get(input, TEXT("mail")), &candidates);
  if (candidates.count == 0)
    return keep_recipients(TEXT("neither X-Sentry-Project nor the subject names a project"));
  builder reason = {0};
  for (size_t index = 0; index < candidates.count; index++) {
    text project = candidates.items[index];
    find_owners(owners, project, &recipients);
    if (recipients.count == 0) continue;
    put_text(&reason, project);
    put_text(&reason, TEXT(" is owned by "));
    put_names(&reason, &recipients);
    return assign(&recipients, project, built(&reason));
  }
  put_text(&reason, TEXT("nobody owns the project "));
  put_text(&reason, candidates.items[candidates.count - 1]);
  return keep_recipients(built(&reason));
}
