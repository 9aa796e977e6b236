package blnk

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// acceptedMediaTypes are the content types, besides JSON, under which clients of this
// dialect send JSON: none at all, curl's default, plain text.
var acceptedMediaTypes = map[string]bool{
	"application/json": true, "application/x-www-form-urlencoded": true, "text/plain": true,
}

// decode reads a body. Its members may be written in any case, as Blnk has it; a
// strict client's in theirs alone, and it may have none that the operation does not
// know.
func decode(r *gateway.Request, into any) error {
	switch media, err := r.MediaType(); {
	case err != nil:
		return err
	case media != "" && !acceptedMediaTypes[media]:
		return &gateway.HeaderError{Name: "Content-Type", Reason: "must be application/json"}
	}
	if r.Caller.Strict {
		return strictjson.DecodeDisallowUnknown(r.Body, into)
	}
	return strictjson.DecodeCaseInsensitive(r.Body, into)
}

// decodeIdentity reads a body with members of an identity. One that is not known
// breaks a rule of identities, like those that a strict client must keep to.
func decodeIdentity(r *gateway.Request, into any) error {
	err := decode(r, into)
	var unknown *strictjson.Error
	if errors.As(err, &unknown) && unknown.UnknownField {
		return &apiError{errorCode: validationError, message: unknown.Error()}
	}
	return err
}

// createRequest is what a client may say of a new identity. All of it is optional.
type createRequest struct {
	IdentityID       string            `json:"identity_id"`
	IdentityType     string            `json:"identity_type"`
	OrganizationName string            `json:"organization_name"`
	Category         string            `json:"category"`
	FirstName        string            `json:"first_name"`
	LastName         string            `json:"last_name"`
	OtherNames       string            `json:"other_names"`
	Gender           string            `json:"gender"`
	EmailAddress     string            `json:"email_address"`
	PhoneNumber      string            `json:"phone_number"`
	Nationality      string            `json:"nationality"`
	Street           string            `json:"street"`
	Country          string            `json:"country"`
	State            string            `json:"state"`
	PostCode         string            `json:"post_code"`
	City             string            `json:"city"`
	DOB              string            `json:"dob"`
	MetaData         strictjson.Object `json:"meta_data"`
	CreatedAt        strictjson.Value  `json:"created_at"` // dropped: it is the registry's
}

// draft translates the request into the core's words. It returns an *Invalid
// for an id or a date of birth in another form than this dialect has, and for
// what Blnk lets pass if the client is strict.
func (c *createRequest) draft(strict bool) (registry.Draft, error) {
	if err := checkID(c.IdentityID); err != nil {
		return registry.Draft{}, err
	}
	if strict {
		if err := checkStrict(c.IdentityType, c.EmailAddress); err != nil {
			return registry.Draft{}, err
		}
	}
	born, err := parseBirthDate(c.DOB)
	if err != nil {
		return registry.Draft{}, err
	}
	return registry.Draft{
		Profile: identity.Profile{
			Kind:      identity.Kind(c.IdentityType),
			FirstName: c.FirstName, LastName: c.LastName, OtherNames: c.OtherNames,
			OrganizationName: c.OrganizationName, Category: c.Category, Gender: c.Gender,
			Email: c.EmailAddress, Phone: c.PhoneNumber,
			Nationality: c.Nationality, Country: c.Country, BirthDate: born,
			Address: identity.Address{
				Street: c.Street, State: c.State, City: c.City, PostalCode: c.PostCode,
			},
			Metadata: identity.JSON(c.MetaData.Value),
		},
		DefaultOnboarding: identity.OnboardingInstant, // Blnk has no statuses: an identity is there or not
		ID:                c.IdentityID,
		GenerateID:        generateID,
	}, nil
}

// checkStrict asks for one of the two types, and for an email address, if there
// is one, that is one.
func checkStrict(kind, email string) error {
	if k := identity.Kind(kind); k != identity.Individual && k != identity.Organization {
		return &identity.Invalid{Field: identity.FieldKind, Reason: "must be individual or organization"}
	}
	if email == "" {
		return nil
	}
	return identity.CheckEmail(email)
}

// checkID takes no id or "idt_" and a UUID in the one form of RFC 9562, section
// 4: lower case with dashes. Other spellings would be other ids for the same UUID.
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

// parseBirthDate takes a date or a date-time; empty and Blnk's zero time are no date.
func parseBirthDate(sent string) (identity.Date, error) {
	if sent == "" {
		return identity.Date{}, nil
	}
	born, ok := identity.ParseDate(sent)
	if !ok {
		return born, &identity.Invalid{
			Field: identity.FieldBirthDate, Reason: "must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z",
		}
	}
	if born.Midnight().IsZero() {
		return identity.Date{}, nil
	}
	return born, nil
}

const idPrefix = "idt_"

// generateID makes "idt_" and a random UUID (RFC 9562, version 4).
func generateID(_ time.Time, random io.Reader) (string, error) {
	u, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return "", fmt.Errorf("mint id: %w", err)
	}
	return idPrefix + u.String(), nil
}
