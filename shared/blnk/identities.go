package blnk

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// profileRequest holds the fields that a client may write. In an update, an empty or null field is cleared.
type profileRequest struct {
	profileStrings[strictjson.Optional[string]]

	DOB       strictjson.Optional[string]            `json:"dob"`
	MetaData  strictjson.Optional[strictjson.Object] `json:"meta_data"`
	CreatedAt strictjson.Value                       `json:"created_at"` // ignored: the registry sets it
}

// createRequest is the body of POST /identities. All fields are optional.
type createRequest struct {
	IdentityID string `json:"identity_id"`
	profileRequest
}

// updateRequest is the body of PUT /identities/{id}. Unknown fields are ignored.
type updateRequest struct {
	IdentityID strictjson.Value `json:"identity_id"` // ignored: it never changes
	profileRequest
}

// identityResponse has Blnk's 19 fields and three for pending requirements, which identities in Blnk never have. The
// country is the identity's, not that of its address. Data without a field in Blnk is omitted.
type identityResponse struct {
	IdentityID string `json:"identity_id"`
	profileStrings[string]
	DOB       string           `json:"dob"`
	CreatedAt string           `json:"created_at"`
	MetaData  strictjson.Value `json:"meta_data"`

	Status       string                `json:"status,omitzero"`
	Requirements *requirementsResponse `json:"requirements,omitzero"`
	ExpiresAt    string                `json:"expires_at,omitzero"`
}

type requirementsResponse struct {
	CurrentlyDue []string `json:"currently_due"`
	Pending      []string `json:"pending"`
	DueBy        string   `json:"due_by,omitzero"`
}

type updateResponse struct {
	Message string `json:"message"`
	identityResponse
}

type messageResponse struct {
	Message string `json:"message"`
}

func (a *API) createIdentity(r *gateway.Request) (gateway.Response, error) {
	var body createRequest
	if err := decodeIdentity(r, &body); err != nil {
		return gateway.Response{}, err
	}
	profile, err := body.profile(r.Caller.Strict)
	if err == nil && r.Caller.Strict {
		err = identity.CheckBirthDate(profile.BirthDate, a.Identities.TenantNow(r.Caller.Tenant))
	}
	if err != nil {
		return gateway.Response{}, err
	}
	draft, err := dialect.NewDraft(r)
	if err != nil {
		return gateway.Response{}, err
	}
	draft.ID = body.IdentityID
	draft.Profile = profile
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil {
		return gateway.Response{}, err
	}
	return respond(http.StatusCreated, created, toResponse(&created.Identity)), nil
}

// respond returns the response to a request for one identity. A header warns about a value that a strict client could not have
// sent, judged at the time of the change, so that a replay has the same header.
func respond(status int, result identity.WriteResult, body any) gateway.Response {
	r := markTest(rest.WriteResponse(status, result, body), result.Identity)
	var wrong *identity.Invalid
	if errors.As(identity.CheckBirthDate(result.BirthDate, result.UpdatedAt), &wrong) {
		return r.WithHeader("Cedula-Warning", "dob "+wrong.Reason)
	}
	return r
}

// markTest names the identities that a test client created in a header, because Blnk's objects have fixed fields.
func markTest(r gateway.Response, identities ...identity.Identity) gateway.Response {
	var ids []string
	for n := range identities {
		if identities[n].TestMode {
			ids = append(ids, identities[n].ID)
		}
	}
	if ids == nil {
		return r
	}
	return r.WithHeader("Cedula-Test", strings.Join(ids, ", "))
}

func (a *API) getIdentity(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	if r.NotModified(i.ETag()) {
		return gateway.NotModifiedResponse(i.ETag()), nil
	}
	return respond(http.StatusOK, identity.WriteResult{Identity: i}, toResponse(&i)), nil
}

func (a *API) updateIdentity(r *gateway.Request) (gateway.Response, error) {
	var body updateRequest
	if err := decodeIdentity(r, &body); err != nil {
		return gateway.Response{}, err
	}
	born, err := parseBirthDate(body.DOB.Value)
	if err != nil {
		return gateway.Response{}, err
	}
	if !body.hasChanges() {
		return gateway.Response{}, errNoUpdateFields
	}
	changed, err := dialect.Update(r, a.Identities, registry.Change{Apply: func(i *identity.Identity) error {
		if err := body.apply(i, born); err != nil {
			return err
		}
		if r.Caller.Strict && body.DOB.Sent {
			if err := identity.CheckBirthDate(born, a.Identities.TenantNow(i.Tenant)); err != nil {
				return err
			}
		}
		if r.Caller.Strict && (body.IdentityType.Sent || body.EmailAddress.Sent) {
			return checkStrict(string(i.Kind), i.Email)
		}
		return nil
	}})
	if err != nil {
		return gateway.Response{}, err
	}
	return respond(http.StatusOK, changed, updateResponse{"Identity updated successfully", toResponse(&changed.Identity)}), nil
}

func (a *API) deleteIdentity(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.Delete(r.Context(), r.Caller.Tenant, r.Param("id"), r.IfMatch()); err != nil {
		return gateway.Response{}, err
	}
	return rest.JSON(http.StatusOK, messageResponse{"Identity deleted successfully"}), nil
}

// decodeIdentity decodes a body with identity fields. An unknown field is a validation error, as in Blnk.
func decodeIdentity(r *gateway.Request, into any) error {
	err := dialect.Decode(r, into)
	var unknown *strictjson.Error
	if errors.As(err, &unknown) && unknown.UnknownField {
		return &apiError{errorCode: validationError, message: unknown.Error()}
	}
	return err
}

// profile returns the profile of a new identity, or an *Invalid.
func (c *createRequest) profile(strict bool) (identity.Profile, error) {
	born, err := parseBirthDate(c.DOB.Value)
	if strict {
		err = cmp.Or(checkStrict(c.IdentityType.Value, c.EmailAddress.Value), err)
	}
	err = cmp.Or(checkID(c.IdentityID), err)
	if err != nil {
		return identity.Profile{}, err
	}
	var i identity.Identity
	err = c.apply(&i, born)
	return i.Profile, err
}

// apply applies the fields that were sent. A tokenized field sent with its displayed value stays unchanged.
func (p *profileRequest) apply(i *identity.Identity, born identity.Date) error {
	for _, s := range p.fields() {
		if !s.value.Sent {
			continue
		}
		sent := s.value.Value
		if sent == displayValue(i, s.field) {
			i.CancelContactChange(s.field)
			continue
		}
		if err := i.CheckNewValue(s.field, sent); err != nil {
			return err
		}
		*i.StringField(s.field) = sent
	}
	if p.DOB.Sent {
		i.BirthDate = born
	}
	if p.MetaData.Sent {
		i.Metadata = identity.JSON(p.MetaData.Value.Value)
	}
	return nil
}

// hasChanges reports whether the request has a field that can be changed.
func (p *profileRequest) hasChanges() bool {
	sent := p.DOB.Sent || p.MetaData.Sent
	for _, s := range p.fields() {
		sent = sent || s.value.Sent
	}
	return sent
}

// checkStrict requires one of the two types and a valid or empty email address.
func checkStrict(kind, email string) error {
	if k := identity.Kind(kind); k != identity.Individual && k != identity.Organization {
		return &identity.Invalid{Field: identity.FieldKind, Reason: "must be individual or organization"}
	}
	if email == "" {
		return nil
	}
	return identity.CheckEmail(email)
}

// parseBirthDate accepts a date or a date-time; empty and Blnk's zero time mean unknown.
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

// toResponse converts an identity of any API.
func toResponse(i *identity.Identity) identityResponse {
	wire := identityResponse{
		IdentityID: i.ID,
		DOB:        i.BirthDate.Midnight().Format(time.RFC3339),
		CreatedAt:  i.CreatedAt.UTC().Format(time.RFC3339Nano),
		MetaData:   strictjson.Value(i.Metadata),
	}
	for _, s := range wire.fields() {
		*s.value = displayValue(i, s.field)
	}
	wire.setStatus(i)
	return wire
}

// setStatus sets the status and the requirements unless the identity is active and has no open requirements.
func (w *identityResponse) setStatus(i *identity.Identity) {
	required := i.Requirements()
	if i.Status == identity.Active && len(required.Due)+len(required.Pending) == 0 {
		return
	}
	w.Status = string(i.Status)
	w.Requirements = &requirementsResponse{
		CurrentlyDue: append([]string{}, required.Due...),
		Pending:      append([]string{}, required.Pending...),
	}
	if !required.Deadline.IsZero() {
		w.ExpiresAt = required.Deadline.UTC().Format(time.RFC3339)
		w.Requirements.DueBy = w.ExpiresAt
	}
}

type metadataRequest struct {
	MetaData strictjson.Object `json:"meta_data"`
}

type metadataResponse struct {
	MetaData strictjson.Value `json:"meta_data"`
}

// updateMetadata replaces the fields that were sent, including nulls, and returns all metadata.
func (a *API) updateMetadata(r *gateway.Request) (gateway.Response, error) {
	if !identity.ValidID(r.Param("id")) {
		return gateway.Response{}, errInvalidEntityID
	}
	var body metadataRequest
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.MetaData.Value == nil {
		return gateway.Response{}, &strictjson.Error{Field: "meta_data", Reason: "is required and must be an object"}
	}
	changed, err := dialect.Update(r, a.Identities, registry.Change{Apply: func(i *identity.Identity) error {
		i.Metadata = identity.JSON(strictjson.Merge(strictjson.Value(i.Metadata), body.MetaData.Value))
		return nil
	}})
	if errors.Is(err, identity.ErrNotFound) {
		return gateway.Response{}, errEntityNotFound
	}
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.WriteResponse(http.StatusOK, changed, metadataResponse{strictjson.Value(changed.Metadata)}), nil
}
