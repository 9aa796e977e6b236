package blnk

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"cedula/shared/identity"
)

const idPrefix = "idt_"

// checkID accepts no id, or "idt_" and a UUID in the one form of RFC 9562, section 4: lower
// case with dashes. Other spellings would be other ids for the same UUID.
func checkID(id string) error {
	if id == "" {
		return nil
	}
	rest, ok := strings.CutPrefix(id, idPrefix)
	if !ok {
		return &identity.Invalid{Field: identity.FieldID, Reason: "must start with the 'idt_' prefix"}
	}
	if u, err := uuid.Parse(rest); err != nil || u.String() != rest {
		return &identity.Invalid{Field: identity.FieldID, Reason: "suffix after 'idt_' must be a valid UUID in lower case with dashes"}
	}
	return nil
}

// generateID returns "idt_" and a random UUID (RFC 9562, version 4).
func generateID(_ time.Time, random io.Reader) (string, error) {
	u, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return "", fmt.Errorf("mint id: %w", err)
	}
	return idPrefix + u.String(), nil
}
