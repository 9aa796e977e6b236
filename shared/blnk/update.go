package blnk

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

// updateRequest is what a client may change. A member that is absent stays as
// it is; an empty or null one is cleared. The id and the time of creation, and
// what this dialect does not know, are dropped.
type updateRequest struct {
	IdentityType     strictjson.Optional[string]            `json:"identity_type"`
	OrganizationName strictjson.Optional[string]            `json:"organization_name"`
	Category         strictjson.Optional[string]            `json:"category"`
	FirstName        strictjson.Optional[string]            `json:"first_name"`
	LastName         strictjson.Optional[string]            `json:"last_name"`
	OtherNames       strictjson.Optional[string]            `json:"other_names"`
	Gender           strictjson.Optional[string]            `json:"gender"`
	EmailAddress     strictjson.Optional[string]            `json:"email_address"`
	PhoneNumber      strictjson.Optional[string]            `json:"phone_number"`
	Nationality      strictjson.Optional[string]            `json:"nationality"`
	Street           strictjson.Optional[string]            `json:"street"`
	Country          strictjson.Optional[string]            `json:"country"`
	State            strictjson.Optional[string]            `json:"state"`
	PostCode         strictjson.Optional[string]            `json:"post_code"`
	City             strictjson.Optional[string]            `json:"city"`
	DOB              strictjson.Optional[string]            `json:"dob"`
	MetaData         strictjson.Optional[strictjson.Object] `json:"meta_data"`

	// What never changes: dropped, whatever it is.
	IdentityID strictjson.Value `json:"identity_id"`
	CreatedAt  strictjson.Value `json:"created_at"`
}

// updateResponse is the answer to a change: Blnk's message, and the identity as it
// is now.
type updateResponse struct {
	Message string `json:"message"`
	identityResponse
}

// UpdateIdentity serves PUT /identities/{id}.
func (a *API) UpdateIdentity(r *gateway.Request) (gateway.Response, error) {
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
	changed, err := a.changeIdentity(r, func(i *identity.Identity) error { return body.apply(i, born, r.Caller.Strict) })
	if err != nil {
		return gateway.Response{}, err
	}
	return respond(http.StatusOK, changed, updateResponse{"Identity updated successfully", toResponse(changed.Identity)}), nil
}

// newChange is a change of the identity of the path.
func newChange(r *gateway.Request) (registry.Change, error) {
	once, err := idempotency(r)
	return registry.Change{
		Tenant: r.Caller.Tenant, ID: r.Param("id"), IfMatch: r.IfMatch(), Idempotency: once, GenerateID: generateID,
	}, err
}

func (a *API) changeIdentity(r *gateway.Request, apply func(*identity.Identity) error) (identity.WriteResult, error) {
	c, err := newChange(r)
	if err != nil {
		return identity.WriteResult{}, err
	}
	c.Apply = apply
	return a.Identities.Update(r.Context(), c)
}

// stringFields pairs what may be sent with where it goes. A tokenized field that is
// sent back as it was shown stays as it is.
func (u *updateRequest) stringFields(i *identity.Identity) []struct {
	sent  strictjson.Optional[string]
	into  *string
	field identity.Field
} {
	return []struct {
		sent  strictjson.Optional[string]
		into  *string
		field identity.Field
	}{
		{u.IdentityType, (*string)(&i.Kind), ""},
		{u.OrganizationName, &i.OrganizationName, ""},
		{u.Category, &i.Category, ""},
		{u.FirstName, &i.FirstName, identity.FieldFirstName},
		{u.LastName, &i.LastName, identity.FieldLastName},
		{u.OtherNames, &i.OtherNames, identity.FieldOtherNames},
		{u.Gender, &i.Gender, ""},
		{u.EmailAddress, &i.Email, identity.FieldEmail},
		{u.PhoneNumber, &i.Phone, identity.FieldPhone},
		{u.Nationality, &i.Nationality, ""},
		{u.Street, &i.Address.Street, identity.FieldStreet},
		{u.Country, &i.Country, ""},
		{u.State, &i.Address.State, ""},
		{u.PostCode, &i.Address.PostalCode, identity.FieldPostalCode},
		{u.City, &i.Address.City, ""},
	}
}

// apply makes the change. What a strict client's rules ask for must hold of
// what it sends.
func (u *updateRequest) apply(i *identity.Identity, born identity.Date, strict bool) error {
	for _, t := range u.stringFields(i) {
		switch was := displayValue(i, t.field, *t.into); {
		case !t.sent.Sent:
		case was == t.sent.Value:
			i.CancelContactChange(t.field)
		default:
			if err := i.CheckNewValue(t.field, t.sent.Value); err != nil {
				return err
			}
			t.sent.ApplyTo(t.into)
		}
	}
	if u.DOB.Sent {
		i.BirthDate = born
	}
	if u.MetaData.Sent {
		i.Metadata = identity.JSON(u.MetaData.Value.Value)
	}
	if strict && (u.IdentityType.Sent || u.EmailAddress.Sent) {
		return checkStrict(string(i.Kind), i.Email)
	}
	return nil
}

// hasChanges tells whether a member was sent that can be changed.
func (u *updateRequest) hasChanges() bool {
	sent := u.DOB.Sent || u.MetaData.Sent
	for _, t := range u.stringFields(new(identity.Identity)) {
		sent = sent || t.sent.Sent
	}
	return sent
}

// DeleteIdentity serves DELETE /identities/{id}.
func (a *API) DeleteIdentity(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.Delete(r.Context(), r.Caller.Tenant, r.Param("id"), r.IfMatch()); err != nil {
		return gateway.Response{}, err
	}
	return respondMessage("Identity deleted successfully"), nil
}

type messageResponse struct {
	Message string `json:"message"`
}

// respondMessage is the answer to what has nothing else to say.
func respondMessage(text string) gateway.Response {
	return gateway.JSON(http.StatusOK, strictjson.Encode(messageResponse{text}))
}
