package blnk

import "unicode/utf8"

// maxLikeBytes is the length of the longest text that a pattern can match: metadata can be
// long, and the work grows with the text and the pattern.
const maxLikeBytes = 4096

// likeToken is a part of a pattern.
type likeToken struct {
	anyString bool
	anyChar   bool
	char      rune
}

// matchLike matches SQL's patterns: % is any string, _ any character, a backslash takes the
// next character as it is.
func matchLike(text, pattern string) bool {
	tokens := parseLike(pattern)
	next := 0   // the token that is compared
	at := 0     // with the text from here
	star := -1  // the last % met
	resume := 0 // and where the text after what it stands for may begin
	for at < len(text) {
		if next < len(tokens) && tokens[next].anyString {
			star = next
			resume = at
			next++
			continue
		}
		c, size := utf8.DecodeRuneInString(text[at:])
		if next < len(tokens) && (tokens[next].anyChar || tokens[next].char == c) {
			next++
			at += size
			continue
		}
		if star < 0 {
			return false
		}
		_, size = utf8.DecodeRuneInString(text[resume:])
		resume += size
		at = resume
		next = star + 1
	}
	for next < len(tokens) && tokens[next].anyString {
		next++
	}
	return next == len(tokens)
}

func parseLike(pattern string) []likeToken {
	tokens := make([]likeToken, 0, len(pattern))
	escaped := false
	for _, c := range pattern {
		if c == '\\' && !escaped {
			escaped = true
			continue
		}
		if escaped {
			tokens = append(tokens, likeToken{char: c})
			escaped = false
			continue
		}
		tokens = append(tokens, likeToken{anyString: c == '%', anyChar: c == '_', char: c})
	}
	if escaped { // at the end it is only a backslash
		tokens = append(tokens, likeToken{char: '\\'})
	}
	return tokens
}
