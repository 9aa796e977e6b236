package registry

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"unicode"
)

// newPlaceholder returns a random string of the same shape as value: letters of the same case, digits, and unchanged
// ASCII punctuation and spaces. It does not depend on the value otherwise.
func newPlaceholder(value string, random io.Reader) (string, error) {
	var seed [32]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return "", fmt.Errorf("placeholder: %w", err)
	}
	draw := rand.New(rand.NewChaCha8(seed)) //nolint:gosec // ChaCha8 with a seed of 256 random bits is cryptographically strong
	return strings.Map(func(c rune) rune {
		if unicode.IsDigit(c) {
			return '0' + draw.Int32N(10)
		}
		if unicode.IsUpper(c) {
			return 'A' + draw.Int32N(26)
		}
		if c > unicode.MaxASCII || unicode.IsLetter(c) {
			return 'a' + draw.Int32N(26)
		}
		return c
	}, value), nil
}
