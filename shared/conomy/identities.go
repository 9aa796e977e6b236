package conomy

import (
	"cmp"
	"net/http"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/iso"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
	"cedula/shared/visible"
)

// createRequest is the body of POST /identities. Status is ignored unless the client is trusted.
type createRequest struct {
	profileRequest

	Type           string `json:"type"`
	Email          string `json:"email"`
	Phone          string `json:"phone"`
	DocumentType   string `json:"documentType"`
	DocumentNumber string `json:"documentNumber"`
	IDV            string `json:"idv"`
	Status         string `json:"status"`
}

func (a *API) createIdentity(r *gateway.Request, body *createRequest) (gateway.Response, error) {
	profile, err := body.profile(r.Caller.Strict, a.Identities.TenantNow(r.Caller.Tenant))
	if err != nil {
		return gateway.Response{}, err
	}
	draft, err := dialect.NewDraft(r)
	if err != nil {
		return gateway.Response{}, err
	}
	draft.Profile = profile
	draft.Strict = r.Caller.Strict
	draft.Status = identity.Status(body.Status)
	draft.Children = body.childIDs()
	draft.Claims = []identity.Claim{profile.UniquenessClaim()}
	created, err := a.Identities.Create(r.Context(), draft)
	if err != nil || created.Replayed {
		return a.respondOrError(r, created, err)
	}
	return respond(created), nil // its permissions have just been resolved
}

// profile converts the request. It returns a *MissingField or an *Invalid for Conomy's rules beyond the core's.
func (c *createRequest) profile(strict bool, now time.Time) (identity.Profile, error) {
	if err := c.check(); err != nil {
		return identity.Profile{}, err
	}
	p := identity.Profile{
		Kind: kindFromType(c.Type), Email: c.Email, Phone: c.Phone,
		DocumentType: c.DocumentType, DocumentNumber: c.DocumentNumber, IDV: c.IDV,
		Rules:        identity.JSON(c.Rules.Value),
		ExtendedData: identity.JSON(c.ExtendedData.Value.Value),
		Metadata:     identity.JSON(c.Metadata.Value.Value),
	}
	if c.SecurityOptions.Value.TwoFactorAuth.Null() {
		c.SecurityOptions.Value.TwoFactorAuth.Sent = false // TwoFactorEnabled wins
	}
	if err := c.applyTo(&p); err != nil {
		return p, err
	}
	err := checkReferenceData(&p, strict)
	if err == nil && strict {
		err = identity.CheckBirthDate(p.BirthDate, now)
	}
	return p, err
}

func (c *createRequest) check() error {
	return cmp.Or(
		requireFields("", []requiredField{
			{"name", c.Name.Value},
			{"email", c.Email},
			{"phone", c.Phone},
			{"documentNumber", c.DocumentNumber},
			{"documentType", c.DocumentType},
			{"idv", c.IDV},
		}),
		checkType(c.Type),
		identity.CheckEmail(c.Email),
		identity.CheckPhone(c.Phone),
		checkCountry(c.Country.Value),
		checkDocumentNumber(c.DocumentNumber),
		c.checkFormats(),
	)
}

func (a *API) getIdentity(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.GetWithChildren(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	if r.NotModified(i.ETag()) {
		return gateway.NotModifiedResponse(i.ETag()), nil
	}
	return a.respondOrError(r, identity.WriteResult{Identity: i}, nil)
}

// updateRequest is the body of PATCH /identities/{id}, a merge patch (RFC 7396). Null clears a field.
type updateRequest struct {
	profileRequest

	// Read-only: ignored, or rejected for a strict client.
	ID             strictjson.Optional[strictjson.Value] `json:"id"`
	Type           strictjson.Optional[strictjson.Value] `json:"type"`
	DocumentType   strictjson.Optional[strictjson.Value] `json:"documentType"`
	DocumentNumber strictjson.Optional[strictjson.Value] `json:"documentNumber"`
	IDV            strictjson.Optional[strictjson.Value] `json:"idv"`

	// Restricted: see applyStatusAndContacts.
	Email  strictjson.Optional[strictjson.Value] `json:"email"`
	Phone  strictjson.Optional[strictjson.Value] `json:"phone"`
	Status strictjson.Optional[strictjson.Value] `json:"status"`
}

func (a *API) updateIdentity(r *gateway.Request, body *updateRequest) (gateway.Response, error) {
	if err := body.check(r.Caller.Strict); err != nil {
		return gateway.Response{}, err
	}
	change := registry.Change{Apply: func(i *identity.Identity) error {
		err := body.apply(i, r.Caller, a.Identities.TenantNow(i.Tenant))
		if err != nil || !body.SecurityOptions.Value.AccessControl.Sent {
			return err
		}
		return a.Identities.ResolvePermissions(r.Context(), i, registry.SentPermissions{Lenient: !r.Caller.Strict})
	}}
	if body.Children.Sent {
		change.Children = &registry.ChildrenUpdate{Children: body.childIDs(), Mode: registry.ReplaceChildren}
	}
	return a.update(r, change)
}

func (u *updateRequest) check(strict bool) error {
	err := cmp.Or(require(!u.Name.Sent || visible.Text(u.Name.Value), "name", "must not be cleared"), u.checkFormats())
	if err != nil || !strict {
		return err
	}
	const reason = "cannot be changed"
	return cmp.Or(
		require(!u.ID.Sent, "id", reason),
		require(!u.Type.Sent, "type", reason),
		require(!u.DocumentType.Sent, "documentType", reason),
		require(!u.DocumentNumber.Sent, "documentNumber", reason),
		require(!u.IDV.Sent, "idv", reason),
	)
}

func (u *updateRequest) apply(i *identity.Identity, caller auth.Caller, now time.Time) error {
	if err := u.checkPhoneOfCountry(i); err != nil {
		return err
	}
	if err := u.applyTo(&i.Profile); err != nil {
		return err
	}
	mergeJSON(&i.Rules, u.Rules.Sent, u.Rules.Value)
	mergeJSON(&i.ExtendedData, u.ExtendedData.Sent, u.ExtendedData.Value.Value)
	mergeJSON(&i.Metadata, u.Metadata.Sent, u.Metadata.Value.Value)
	if err := u.applyStatusAndContacts(i, caller, now); err != nil || !caller.Strict {
		return err
	}
	err := checkISOCodes(i.Country, i.Bank)
	if err == nil && u.BirthDate.Sent {
		err = identity.CheckBirthDate(i.BirthDate, now)
	}
	return err
}

// mergeJSON applies a merge patch. A patch without a value (null) clears dst.
func mergeJSON(dst *identity.JSON, sent bool, patch strictjson.Value) {
	if !sent {
		return
	}
	if len(patch) == 0 {
		*dst = nil
		return
	}
	*dst = identity.JSON(strictjson.MergePatch(strictjson.Value(*dst), patch))
}

// checkPhoneOfCountry rejects a new country that does not match the phone's dial code. It uses the pending phone unless
// this request cancels it. Tokenized phones are not checked.
func (u *updateRequest) checkPhoneOfCountry(i *identity.Identity) error {
	country := u.Country.Value
	if country == i.Country || !iso.IsCountry(country) || i.Tokenized(identity.FieldPhone) != nil {
		return nil
	}
	phone := cmp.Or(i.Verification(identity.ChannelPhone).PendingAddress, i.Phone)
	if u.Phone.Sent && i.RequiresVerification() {
		var sent string
		cancels := strictjson.DecodeString(u.Phone.Value, &sent) == nil && sent == i.Phone
		if !cancels {
			return nil // a new phone is compared with the new country, or rejected
		}
		phone = i.Phone
	}
	matches := identity.CheckPhone(phone) != nil || iso.PhoneMatchesCountry(phone, country)
	return require(matches, "country", "must be the one of the phone's dial code")
}

// applyStatusAndContacts changes the email and the phone of an identity whose contacts are verified, and the status for
// a client that is trusted with it. The status is last because it may depend on the addresses.
func (u *updateRequest) applyStatusAndContacts(i *identity.Identity, caller auth.Caller, now time.Time) error {
	trusted := caller.Scopes.Has(auth.ScopeIdentityStatusWrite)
	for _, f := range []struct {
		name    string
		sent    strictjson.Optional[strictjson.Value]
		allowed bool
		set     func(string) error
	}{
		{"email", u.Email, i.RequiresVerification(), func(email string) error { return setEmail(i, email) }},
		{"phone", u.Phone, i.RequiresVerification(), func(phone string) error { return setPhone(i, phone) }},
		{"status", u.Status, trusted, func(status string) error { return i.SetStatus(identity.Status(status), now) }},
	} {
		if !f.sent.Sent || !f.allowed && !caller.Strict {
			continue // Conomy ignores what may not be changed
		}
		var text string
		isString := !f.sent.Null() && strictjson.DecodeString(f.sent.Value, &text) == nil
		err := cmp.Or(require(f.allowed, f.name, "cannot be changed"), require(isString, f.name, "must be a string"))
		if err != nil {
			return err
		}
		if err := f.set(text); err != nil {
			return err
		}
	}
	return nil
}

// setEmail sets the email. Setting the current email cancels a pending change.
func setEmail(i *identity.Identity, email string) error {
	if email == i.Email {
		i.CancelContactChange(identity.FieldEmail)
		return nil
	}
	i.Email = email
	return identity.CheckEmail(email)
}

// setPhone sets the phone. Setting the current phone cancels a pending change. The phone must then match the country,
// which the same request may have changed.
func setPhone(i *identity.Identity, phone string) error {
	if phone != i.Phone {
		i.Phone = phone
		return cmp.Or(identity.CheckPhone(phone), checkDialCode(phone, i.Country))
	}
	pending := i.Verification(identity.ChannelPhone).PendingAddress != "" && i.Tokenized(identity.FieldPhone) == nil
	i.CancelContactChange(identity.FieldPhone)
	if pending && identity.CheckPhone(phone) == nil {
		return checkDialCode(phone, i.Country)
	}
	return nil
}

// updater returns the handler of an operation that applies one change and ignores its body.
func (a *API) updater(apply func(*identity.Identity) error) rest.Handler {
	return func(r *gateway.Request) (gateway.Response, error) {
		return a.update(r, registry.Change{Apply: apply})
	}
}

func (a *API) deleteIdentity(r *gateway.Request) (gateway.Response, error) {
	if err := a.Identities.Delete(r.Context(), r.Caller.Tenant, r.Param("id"), r.IfMatch()); err != nil {
		return gateway.Response{}, err
	}
	return gateway.EmptyResponse(http.StatusNoContent), nil
}
