package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"sync"
)

const (
	// maxFormer bounds the former placeholders of a field that are remembered.
	maxFormer = 16
	// minRemembered is the length in bytes from which a placeholder is remembered: a shorter one is likely to equal a value.
	minRemembered = 4
)

// tokenPattern matches a placeholder as the Blnk API shows it: a prefix, the placeholder and a
// TokenID.
var tokenPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^FPT:.*:[A-Za-z0-9+/]{16}$`) })

// CheckNewValue returns an *Invalid if a field is tokenized and its new value is a placeholder, which would
// overwrite the value: one with the prefix of the Blnk API, or a former placeholder of the field.
func (i *Identity) CheckNewValue(f Field, text string) error {
	encrypted := i.Tokenized(f)
	if encrypted == nil {
		return nil
	}
	if tokenPattern().MatchString(text) || slices.Contains(encrypted.Former, placeholderDigest(text)) {
		return &Invalid{Field: f, Reason: "must be a value, not a placeholder"}
	}
	return nil
}

// CheckPlaceholders returns an *Invalid if the new value of a tokenized field is a placeholder, which would
// overwrite the value.
func (i *Identity) CheckPlaceholders(before *Identity) error {
	for _, encrypted := range before.EncryptedFields {
		text := *i.StringField(encrypted.Field)
		if text == *before.StringField(encrypted.Field) {
			continue
		}
		if err := i.CheckNewValue(encrypted.Field, text); err != nil {
			return err
		}
	}
	return nil
}

// RememberPlaceholder adds a placeholder that is about to be replaced to the former ones, so that CheckNewValue recognizes
// it. The Conomy API shows placeholders without a prefix.
func (s *EncryptedField) RememberPlaceholder(text string) {
	if len(text) < minRemembered {
		return
	}
	kept := s.Former[max(0, len(s.Former)-maxFormer+1):]
	s.Former = append(slices.Clone(kept), placeholderDigest(text))
}

// placeholderDigest returns 8 characters of a digest, enough to recognize one of a few random texts.
func placeholderDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}
