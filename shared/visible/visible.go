// Package visible decides whether a string shows anything. It imports nothing of this module.
package visible

import (
	"strings"
	"unicode"
)

// Text reports whether s has a character with a visible form: not only white space, control and format characters,
// characters that are ignored by default (Unicode 15, section 5.21) such as fillers and variation selectors, and blanks.
func Text(s string) bool {
	return strings.ContainsFunc(s, func(c rune) bool {
		blank := unicode.In(c, unicode.White_Space, unicode.Z, unicode.Cc, unicode.Cf) || c == '\u2800' // a symbol whose glyph is empty
		return !blank && !unicode.In(c, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	})
}
