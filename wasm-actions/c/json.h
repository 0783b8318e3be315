/*
 * A JSON reader (RFC 8259) that builds no tree: a value is the text that spells it, and members are found by reading on.
 * Check a document with `json_is_valid` once; the other functions rely on it.
 */
#pragma once
#include "mailtrigger.h"

#define JSON_DEPTH_MAX 100

static const char *json_skip_space(const char *at, const char *end) {
  while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) at++;
  return at;
}

static bool json_is_hex(char byte) { return is_digit(byte) || (to_lower(byte) >= 'a' && to_lower(byte) <= 'f'); }

/* These give the place behind a value, or NULL where none is. */
static const char *json_skip_string(const char *at, const char *end) {
  for (at++; at < end && (unsigned char)*at >= 0x20; at++) {
    if (*at == '"') return at + 1;
    if (*at != '\\') continue;
    if (++at == end) return NULL;
    if (*at == 'u') {
      for (int digit = 0; digit < 4; digit++)
        if (++at >= end || !json_is_hex(*at)) return NULL;
    } else {
      bool known = false;
      for (const char *escape = "\"\\/bfnrt"; *escape; escape++) known |= *at == *escape;
      if (!known) return NULL;
    }
  }
  return NULL;
}

static const char *json_skip_digits(const char *at, const char *end) {
  if (at >= end || !is_digit(*at)) return NULL;
  while (at < end && is_digit(*at)) at++;
  return at;
}

static const char *json_skip_number(const char *at, const char *end) {
  if (*at == '-') at++;
  at = at < end && *at == '0' ? at + 1 : json_skip_digits(at, end);
  if (at && at < end && *at == '.') at = json_skip_digits(at + 1, end);
  if (at && at < end && to_lower(*at) == 'e') {
    at++;
    if (at < end && (*at == '+' || *at == '-')) at++;
    at = json_skip_digits(at, end);
  }
  return at;
}

static const char *json_skip_word(const char *at, const char *end, text word) {
  return same_text(cut_text((text){at, (size_t)(end - at)}, 0, word.size), word) ? at + word.size : NULL;
}

static const char *json_skip_value(const char *at, const char *end, int depth);

/* A list, or an object when `keyed`. */
static const char *json_skip_items(const char *at, const char *end, int depth, bool keyed) {
  char close = keyed ? '}' : ']';
  at = json_skip_space(at + 1, end);
  if (at < end && *at == close) return at + 1;
  for (;;) {
    if (keyed) {
      at = json_skip_space(at, end);
      if (at >= end || *at != '"') return NULL;
      at = json_skip_string(at, end);
      if (!at) return NULL;
      at = json_skip_space(at, end);
      if (at >= end || *at++ != ':') return NULL;
    }
    at = json_skip_value(at, end, depth + 1);
    if (!at) return NULL;
    at = json_skip_space(at, end);
    if (at >= end) return NULL;
    if (*at == close) return at + 1;
    if (*at++ != ',') return NULL;
  }
}

static const char *json_skip_value(const char *at, const char *end, int depth) {
  at = json_skip_space(at, end);
  if (at >= end || depth > JSON_DEPTH_MAX) return NULL;
  switch (*at) {
    case '{': return json_skip_items(at, end, depth, true);
    case '[': return json_skip_items(at, end, depth, false);
    case '"': return json_skip_string(at, end);
    case 't': return json_skip_word(at, end, TEXT("true"));
    case 'f': return json_skip_word(at, end, TEXT("false"));
    case 'n': return json_skip_word(at, end, TEXT("null"));
    default: return *at == '-' || is_digit(*at) ? json_skip_number(at, end) : NULL;
  }
}

static bool json_is_valid(text document) {
  if (document.size == 0) return false;
  const char *end = document.at + document.size;
  const char *behind = json_skip_value(document.at, end, 0);
  return behind && json_skip_space(behind, end) == end;
}

/* Walks over a list or an object: `json_walk walk = json_start(value); while (json_next(&walk)) … walk.value …` */
typedef struct {
  const char *at;
  const char *end;
  bool keyed;
  /* As it is spelled, quotes and escapes included; no text in a list. */
  text key;
  text value;
} json_walk;

static json_walk json_start(text value) {
  json_walk walk = {NULL, NULL, false, no_text, no_text};
  value = trim(value);
  if (value.size == 0 || (value.at[0] != '{' && value.at[0] != '[')) return walk;
  walk.keyed = value.at[0] == '{';
  walk.at = value.at + 1;
  walk.end = value.at + value.size;
  return walk;
}

static bool json_next(json_walk *walk) {
  if (!walk->at) return false;
  walk->at = json_skip_space(walk->at, walk->end);
  if (walk->at < walk->end && *walk->at == ',') walk->at = json_skip_space(walk->at + 1, walk->end);
  if (walk->at >= walk->end || *walk->at == '}' || *walk->at == ']') return false;
  if (walk->keyed) {
    const char *key = walk->at;
    walk->at = json_skip_string(key, walk->end);
    walk->key = (text){key, (size_t)(walk->at - key)};
    walk->at = json_skip_space(json_skip_space(walk->at, walk->end) + 1, walk->end);
  }
  const char *value = walk->at;
  walk->at = json_skip_value(value, walk->end, 0);
  if (!walk->at) return false;
  walk->value = (text){value, (size_t)(walk->at - value)};
  return true;
}

static bool json_is(text value, char first) { return value.size > 0 && value.at[0] == first; }

static uint32_t json_hex(const char *digits) {
  uint32_t unit = 0;
  for (int index = 0; index < 4; index++) {
    char byte = to_lower(digits[index]);
    unit = unit * 16 + (uint32_t)(is_digit(byte) ? byte - '0' : byte - 'a' + 10);
  }
  return unit;
}

static void put_code_point(builder *to, uint32_t code) {
  if (code < 0x80) {
    put_bytes(to, (char[]){(char)code}, 1);
  } else if (code < 0x800) {
    put_bytes(to, (char[]){(char)(0xc0 | code >> 6), (char)(0x80 | (code & 63))}, 2);
  } else if (code < 0x10000) {
    put_bytes(to, (char[]){(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 63)), (char)(0x80 | (code & 63))}, 3);
  } else {
    put_bytes(to, (char[]){(char)(0xf0 | code >> 18), (char)(0x80 | (code >> 12 & 63)), (char)(0x80 | (code >> 6 & 63)),
                           (char)(0x80 | (code & 63))}, 4);
  }
}

/* Reads the escape behind a backslash and gives the place behind it. Half a surrogate pair becomes U+FFFD. */
static size_t json_put_escape(builder *to, text inner, size_t at) {
  switch (inner.at[at]) {
    case 'n': put_text(to, TEXT("\n")); return at + 1;
    case 'r': put_text(to, TEXT("\r")); return at + 1;
    case 't': put_text(to, TEXT("\t")); return at + 1;
    case 'b': put_text(to, TEXT("\b")); return at + 1;
    case 'f': put_text(to, TEXT("\f")); return at + 1;
    case 'u': break;
    default: put_bytes(to, inner.at + at, 1); return at + 1;
  }
  uint32_t code = json_hex(inner.at + at + 1);
  at += 5;
  if (code >= 0xd800 && code < 0xdc00 && at + 6 <= inner.size && inner.at[at] == '\\' && inner.at[at + 1] == 'u') {
    uint32_t low = json_hex(inner.at + at + 2);
    if (low >= 0xdc00 && low < 0xe000) {
      put_code_point(to, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
      return at + 6;
    }
  }
  put_code_point(to, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
  return at;
}

/* What a string says; no text when the value is no string. */
static text json_text(text value) {
  if (!json_is(value, '"')) return no_text;
  text inner = cut_text(value, 1, value.size - 1);
  builder said = {0};
  size_t start = 0;
  for (size_t at = 0; at < inner.size;) {
    if (inner.at[at] != '\\') {
      at++;
      continue;
    }
    put_bytes(&said, inner.at + start, at - start);
    at = start = json_put_escape(&said, inner, at + 1);
  }
  if (start == 0) return inner;
  put_bytes(&said, inner.at + start, inner.size - start);
  return built(&said);
}

/* The member of an object; no text when there is none. The last of equal keys counts, as in JavaScript. */
static text json_get(text object, text key) {
  text found = no_text;
  json_walk walk = json_start(object);
  while (json_next(&walk))
    if (walk.keyed && same_text(json_text(walk.key), key)) found = walk.value;
  return found;
}

static void put_json_text(builder *to, text said) {
  put_text(to, TEXT("\""));
  for (size_t index = 0; index < said.size; index++) {
    char byte = said.at[index];
    const char *digits = "0123456789abcdef";
    if (byte == '"' || byte == '\\') put_bytes(to, (char[]){'\\', byte}, 2);
    else if ((unsigned char)byte < 0x20)
      put_bytes(to, (char[]){'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]}, 6);
    else put_bytes(to, &byte, 1);
  }
  put_text(to, TEXT("\""));
}
