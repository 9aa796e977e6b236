package blnk

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cedula/shared/identity"
	"cedula/shared/registry"
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
	value func(*identity.Identity) string
	field identity.Field // if it can be tokenized
}

type columnKind uint8

const (
	kindString columnKind = iota
	kindDate
	kindTimestamp
	kindMetadata
)

func textColumn(read func(*identity.Identity) string) column { return column{value: read} }

func tokenizableColumn(f identity.Field) column {
	return column{field: f, value: func(i *identity.Identity) string {
		value, _ := i.DisplayValue(f)
		return displayValue(i, f, value)
	}}
}

// columns are the 19 members.
var columns = map[string]column{
	"identity_id":       textColumn(func(i *identity.Identity) string { return i.ID }),
	"identity_type":     textColumn(func(i *identity.Identity) string { return string(i.Kind) }),
	"organization_name": textColumn(func(i *identity.Identity) string { return i.OrganizationName }),
	"category":          textColumn(func(i *identity.Identity) string { return i.Category }),
	"first_name":        tokenizableColumn(identity.FieldFirstName),
	"last_name":         tokenizableColumn(identity.FieldLastName),
	"other_names":       tokenizableColumn(identity.FieldOtherNames),
	"gender":            textColumn(func(i *identity.Identity) string { return i.Gender }),
	"email_address":     tokenizableColumn(identity.FieldEmail),
	"phone_number":      tokenizableColumn(identity.FieldPhone),
	"nationality":       textColumn(func(i *identity.Identity) string { return i.Nationality }),
	"street":            tokenizableColumn(identity.FieldStreet),
	"country":           textColumn(func(i *identity.Identity) string { return i.Country }),
	"state":             textColumn(func(i *identity.Identity) string { return i.Address.State }),
	"post_code":         tokenizableColumn(identity.FieldPostalCode),
	"city":              textColumn(func(i *identity.Identity) string { return i.Address.City }),
	"dob":               {kind: kindDate, value: func(i *identity.Identity) string { return formatDate(i.BirthDate.Midnight()) }},
	"created_at":        {kind: kindTimestamp, value: func(i *identity.Identity) string { return formatTimestamp(i.CreatedAt) }},
	"meta_data":         {kind: kindMetadata},
}

// formatDate and instant are texts that sort as the times do; no day is empty.
func formatDate(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func formatTimestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// column is the condition's; for metadata, name is the member.
func (c *condition) column() (col column, name string, known bool) {
	if name, ok := strings.CutPrefix(c.Field, metadataPrefix); ok {
		return columns["meta_data"], name, metadataNamePattern().MatchString(name)
	}
	col, known = columns[c.Field]
	return col, "", known && col.kind != kindMetadata
}

// violation says what is wrong with a condition.
type violation struct {
	part   string // field, operator, value or values
	index  int    // which value; -1 for their number, or if it is none of them
	reason string // the end of a sentence
}

// check returns what is wrong, or nil, and turns the values of dates and times
// into their texts.
func (c *condition) check() *violation {
	col, _, known := c.column()
	count, isOperator := operatorValueCounts[c.Operator]
	switch {
	case !known:
		return &violation{"field", -1, "names no member to filter by"}
	case !isOperator:
		return &violation{"operator", -1, "needs an operator: " + operatorNames}
	case count == 1 && len(c.Values) != 1:
		return &violation{"value", -1, "must have one value"}
	case count == 0 && len(c.Values) > 0:
		return &violation{"value", -1, "must have no value, or true"}
	case count > 1 && len(c.Values) != count:
		return &violation{"values", -1, fmt.Sprintf("must have %d values", count)}
	case count < 0 && (len(c.Values) == 0 || len(c.Values) > maxValues):
		return &violation{"values", -1, fmt.Sprintf("must have from 1 to %d values", maxValues)}
	case col.kind != kindString && col.kind != kindMetadata && strings.HasSuffix(c.Operator, "like"):
		return &violation{"operator", -1, "must not be like or ilike for a date"}
	}
	for n, v := range c.Values {
		if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || utf8.RuneCountInString(v) > maxValueChars {
			return &violation{"values", n, fmt.Sprintf("must be text of at most %d characters", maxValueChars)}
		}
		if !col.normalize(&c.Values[n]) {
			return &violation{"values", n, "must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"}
		}
	}
	return nil
}

// normalize gives a value the form in which the column's texts are compared.
func (c column) normalize(v *string) bool {
	switch c.kind {
	case kindDate:
		d, ok := identity.ParseDate(*v)
		*v = formatDate(d.Midnight())
		return ok
	case kindTimestamp:
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
			if t, err := time.Parse(layout, *v); err == nil {
				*v = formatTimestamp(t)
				year := t.UTC().Year()
				return year >= 0 && year <= 9999 // others are longer, and sort otherwise
			}
		}
		return false
	}
	return true
}

// predicate is the condition as a function of an identity.
//
// A tokenized field is compared as it is shown. Only for equality of an email
// address or a phone number is its value found too.
func (c *condition) predicate(s *registry.Registry) func(*identity.Identity) bool {
	col, name, _ := c.column()
	if col.kind == kindMetadata {
		return func(i *identity.Identity) bool {
			return c.matches(metadataOperand(strictjson.Field(strictjson.Value(i.Metadata), name)))
		}
	}
	if col.field == identity.FieldEmail || col.field == identity.FieldPhone {
		return func(i *identity.Identity) bool {
			value := col.value(i)
			return c.matches(operand{text: value, isNull: value == "", equalFunc: func(v string) bool { return s.HasValue(i, col.field, v) }})
		}
	}
	return func(i *identity.Identity) bool {
		value := col.value(i)
		none := value == "" && col.kind == kindDate
		return c.matches(operand{text: value, isNull: value == "", incomparable: none, isDate: none})
	}
}
