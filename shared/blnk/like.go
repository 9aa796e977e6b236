package blnk

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxLikeBytes bounds the strings that a pattern can match: metadata can be long.
const maxLikeBytes = 4096

// likePattern is an SQL pattern: % stands for any string, _ for any character, and a backslash escapes the next character.
// It is the list of parts between its %. Matching takes the leftmost place for each part and never goes back.
type likePattern struct {
	parts      []likePart
	ignoreCase bool
}

// likePart is a pattern without %.
type likePart struct {
	text    []rune // with anyChar for _
	literal string // the same text; "" if it contains anyChar
}

const anyChar rune = -1

// newLikePattern parses a pattern. A backslash at its end is literal.
func newLikePattern(pattern string, ignoreCase bool) likePattern {
	if ignoreCase {
		pattern = strings.ToLower(pattern)
	}
	parts := []likePart{{}}
	escaped := false
	for _, c := range pattern {
		part := &parts[len(parts)-1]
		switch {
		case escaped:
			part.text = append(part.text, c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == '%':
			parts = append(parts, likePart{})
		case c == '_':
			part.text = append(part.text, anyChar)
		default:
			part.text = append(part.text, c)
		}
	}
	if escaped {
		last := &parts[len(parts)-1]
		last.text = append(last.text, '\\')
	}
	for n, part := range parts {
		if !slices.Contains(part.text, anyChar) {
			parts[n].literal = string(part.text)
		}
	}
	return likePattern{parts, ignoreCase}
}

// match reports whether the whole text matches.
func (p likePattern) match(text string) bool {
	if len(text) > maxLikeBytes {
		return false
	}
	if p.ignoreCase {
		text = strings.ToLower(text)
	}
	rest, ok := p.parts[0].cutPrefix(text)
	last := len(p.parts) - 1
	if last == 0 {
		return ok && rest == ""
	}
	for n := 1; ok && n < last; n++ {
		rest, ok = p.parts[n].cut(rest)
	}
	return ok && p.parts[last].isSuffix(rest)
}

// cutPrefix returns what follows the part at the start of the text.
func (p likePart) cutPrefix(text string) (rest string, ok bool) {
	if p.literal != "" {
		return strings.CutPrefix(text, p.literal)
	}
	for _, want := range p.text {
		c, size := utf8.DecodeRuneInString(text)
		if size == 0 || want != anyChar && want != c {
			return "", false
		}
		text = text[size:]
	}
	return text, true
}

// cut returns what follows the first place of the part in the text.
func (p likePart) cut(text string) (rest string, ok bool) {
	if p.literal != "" {
		_, rest, ok = strings.Cut(text, p.literal)
		return rest, ok
	}
	for {
		rest, ok = p.cutPrefix(text)
		if ok || text == "" {
			return rest, ok
		}
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
}

// isSuffix reports whether the text ends with the part.
func (p likePart) isSuffix(text string) bool {
	if p.literal != "" {
		return strings.HasSuffix(text, p.literal)
	}
	start := len(text)
	for range p.text {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		if size == 0 {
			return false
		}
		start -= size
	}
	_, ok := p.cutPrefix(text[start:])
	return ok
}
