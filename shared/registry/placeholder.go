package registry

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"unicode"
)

// newPlaceholder is a random text of the shape of another: letters for letters in
// their case, digits for digits, ASCII punctuation and spaces where they are.
// Nothing of it can be computed from the value.
func newPlaceholder(value string, random io.Reader) (string, error) {
	var seed [32]byte
	if _, err := io.ReadFull(random, seed[:]); err != nil {
		return "", fmt.Errorf("stand-in: %w", err)
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
