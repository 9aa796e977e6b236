package blnk

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// condition is one test of a filter.
type condition struct {
	Field    string // a member of an identity, or one of its metadata
	Operator string
	Values   []string
}

// column is a member of an identity that can be filtered and sorted by.
type column struct {
	kind  columnKind
	text  func(*identity.Identity) string
	field identity.Field // if it can be tokenized
}

type columnKind uint8

const (
	kindText columnKind = iota
	kindDate
	kindInstant
	kindMetadata
)

func text(read func(*identity.Identity) string) column { return column{text: read} }

func tokenizable(f identity.Field) column {
	return column{field: f, text: func(i *identity.Identity) string {
		value, _ := i.Shown(f)
		return shown(i, f, value)
	}}
}

// columns are the 19 members.
var columns = map[string]column{
	"identity_id":       text(func(i *identity.Identity) string { return i.ID }),
	"identity_type":     text(func(i *identity.Identity) string { return string(i.Kind) }),
	"organization_name": text(func(i *identity.Identity) string { return i.OrganizationName }),
	"category":          text(func(i *identity.Identity) string { return i.Category }),
	"first_name":        tokenizable(identity.FieldFirstName),
	"last_name":         tokenizable(identity.FieldLastName),
	"other_names":       tokenizable(identity.FieldOtherNames),
	"gender":            text(func(i *identity.Identity) string { return i.Gender }),
	"email_address":     tokenizable(identity.FieldEmail),
	"phone_number":      tokenizable(identity.FieldPhone),
	"nationality":       text(func(i *identity.Identity) string { return i.Nationality }),
	"street":            tokenizable(identity.FieldStreet),
	"country":           text(func(i *identity.Identity) string { return i.Country }),
	"state":             text(func(i *identity.Identity) string { return i.Address.State }),
	"post_code":         tokenizable(identity.FieldPostalCode),
	"city":              text(func(i *identity.Identity) string { return i.Address.City }),
	"dob":               {kind: kindDate, text: func(i *identity.Identity) string { return day(i.BirthDate.Midnight()) }},
	"created_at":        {kind: kindInstant, text: func(i *identity.Identity) string { return instant(i.CreatedAt) }},
	"meta_data":         {kind: kindMetadata},
}

// day and instant are texts that sort as the times do; no day is empty.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// column is the condition's; for metadata, name is the member.
func (c *condition) column() (col column, name string, known bool) {
	if name, ok := strings.CutPrefix(c.Field, metadataPrefix); ok {
		return columns["meta_data"], name, metadataName.MatchString(name)
	}
	col, known = columns[c.Field]
	return col, "", known && col.kind != kindMetadata
}

// check returns a refusal that names what is wrong below a place of the request,
// and turns the values of dates and times into their texts.
func (c *condition) check(place string) error {
	col, _, known := c.column()
	count, isOperator := operators[c.Operator]
	switch {
	case !known && c.Field == "":
		return invalid(place + ".field is required")
	case !known:
		return invalid(place + " names no member to filter by")
	case !isOperator:
		return invalid(place + " needs an operator: " + operatorNames)
	case count >= 0 && len(c.Values) != count:
		return invalid(fmt.Sprintf("%s must have %s", place, plural(count)))
	case count < 0 && (len(c.Values) == 0 || len(c.Values) > maxValues):
		return invalid(fmt.Sprintf("%s must have from 1 to %d values", place, maxValues))
	}
	for n, v := range c.Values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || utf8.RuneCountInString(v) > maxValueChars {
			return invalid(fmt.Sprintf("%s: a value must be text of at most %d characters", place, maxValueChars))
		}
		if !col.normalize(&c.Values[n]) {
			return invalid(place + ": a value must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z")
		}
	}
	if col.kind != kindText && col.kind != kindMetadata && strings.HasSuffix(c.Operator, "like") {
		return invalid(place + ": a date has no like")
	}
	return nil
}

func plural(n int) string {
	switch n {
	case 0:
		return "no value, or true"
	case 1:
		return "one value"
	}
	return fmt.Sprintf("%d values", n)
}

// normalize gives a value the form in which the column's texts are compared.
func (c column) normalize(v *string) bool {
	switch c.kind {
	case kindDate:
		d, ok := identity.ParseDate(*v)
		*v = day(d.Midnight())
		return ok
	case kindInstant:
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
			if t, err := time.Parse(layout, *v); err == nil {
				*v = instant(t)
				return true
			}
		}
		return false
	}
	return true
}

// test is the condition as a function of an identity.
//
// A tokenized field is compared as it is shown. Only for equality of an email
// address or a phone number is its value found too.
func (c *condition) test(s *identity.Service) func(*identity.Identity) bool {
	col, name, _ := c.column()
	if col.kind == kindMetadata {
		return func(i *identity.Identity) bool {
			return c.fits(operandOf(strictjson.Member(strictjson.Value(i.Metadata), name)))
		}
	}
	if col.field == identity.FieldEmail || col.field == identity.FieldPhone {
		return func(i *identity.Identity) bool {
			value := col.text(i)
			return c.fits(operand{text: value, null: value == "", holds: func(v string) bool { return s.Holds(i, col.field, v) }})
		}
	}
	return func(i *identity.Identity) bool {
		value := col.text(i)
		none := value == "" && col.kind == kindDate
		return c.fits(operand{text: value, null: value == "", unknown: none, date: none})
	}
}
