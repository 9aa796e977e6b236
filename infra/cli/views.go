package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// view is something to print: as JSON, or as lines for a person.
type view interface{ lines(w *tabwriter.Writer) }

// print writes a view. What cannot be written has no reader.
func (c *cli) print(v view) {
	if c.json {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			panic("cedula: a view that is no JSON: " + err.Error())
		}
		_, _ = fmt.Fprintf(c.out, "%s\n", text)
		return
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	v.lines(w)
	_ = w.Flush()
}

func writeRow(w *tabwriter.Writer, columns ...any) {
	texts := make([]string, len(columns))
	for n, c := range columns {
		texts[n] = fmt.Sprint(c)
	}
	_, _ = fmt.Fprintln(w, strings.Join(texts, "\t"))
}

// clientView is one as shown.
type clientView struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Tenant     string    `json:"tenant"`
	Scopes     []string  `json:"scopes"`
	State      string    `json:"state"`
	Mode       string    `json:"mode"`
	Stage      string    `json:"stage"`
	Rate       float64   `json:"rate"`
	Burst      int       `json:"burst"`
	Quota      int       `json:"quota"`
	Onboarding string    `json:"steps"`
	PendingTTL string    `json:"pendingLife"`
	Secrets    int       `json:"liveSecrets"`
	Created    time.Time `json:"created"`
}

func (c clientView) lines(w *tabwriter.Writer) {
	writeRow(w, "client", c.ID)
	writeRow(w, "name", c.Name)
	writeRow(w, "tenant", c.Tenant)
	writeRow(w, "scopes", strings.Join(c.Scopes, " "))
	writeRow(w, "state", c.State+", "+c.Mode+", "+c.Stage)
	writeRow(w, "limits", c.limits())
	writeRow(w, "new identities", c.policy())
	writeRow(w, "live secrets", c.Secrets)
	writeRow(w, "created", formatTime(c.Created))
}

func (c clientView) limits() string {
	if c.Rate == 0 && c.Burst == 0 && c.Quota == 0 {
		return "the registry's own"
	}
	return fmt.Sprintf("%g a second, %d at once, %d a day (0: the registry's own)", c.Rate, c.Burst, c.Quota)
}

func (c clientView) policy() string {
	return cmp.Or(c.Onboarding, "what is usual") + ", pending for " + cmp.Or(c.PendingTTL, "168h") + " at most"
}

type clientList []clientView

func (l clientList) lines(w *tabwriter.Writer) {
	writeRow(w, "CLIENT", "NAME", "TENANT", "STATE", "STAGE", "CREATED")
	for _, c := range l {
		writeRow(w, c.ID, c.Name, c.Tenant, c.State, c.Stage, formatTime(c.Created))
	}
}

type createdClient struct {
	clientView
	Secret    string `json:"clientSecret"`
	ConomyKey string `json:"conomyKey"`
	BlnkKey   string `json:"blnkKey"`
}

const shownOnce = "\nThis is the only time that they are shown. Keep them as you keep passwords."

func (c createdClient) lines(w *tabwriter.Writer) {
	c.clientView.lines(w)
	writeRow(w, "client secret", c.Secret)
	writeRow(w, "x-api-key", c.ConomyKey)
	writeRow(w, "X-blnk-key", c.BlnkKey)
	writeRow(w, shownOnce)
}

// keyView is one as shown.
type keyView struct {
	ID        string    `json:"id"`
	Client    string    `json:"client"`
	API       string    `json:"use"`
	Name      string    `json:"name"`
	Owner     string    `json:"owner,omitempty"`
	CreatedBy string    `json:"maker,omitempty"` // the key that made it; empty: an operator did
	Scopes    []string  `json:"scopes"`          // null: the client's
	State     string    `json:"state"`
	Expires   time.Time `json:"expires,omitzero"`
	Revoked   time.Time `json:"revoked,omitzero"`
	Created   time.Time `json:"created"`
	endsAt    time.Time // from when on it is refused, however that came about
}

func (k keyView) lines(w *tabwriter.Writer) {
	writeRow(w, "key", k.ID)
	writeRow(w, "client", k.Client)
	writeRow(w, "use", k.API)
	writeRow(w, "scopes", k.scopes())
	writeRow(w, "expires", formatTime(k.Expires))
}

func (k keyView) scopes() string {
	if k.Scopes == nil {
		return "the client's"
	}
	return strings.Join(k.Scopes, " ")
}

// createdBy: a key that has an owner was made by a key, also where it was made before
// that was kept.
func (k keyView) createdBy() string {
	if k.CreatedBy == "" && k.Owner != "" {
		return "a key"
	}
	return cmp.Or(k.CreatedBy, "operator")
}

type keyList []keyView

func (l keyList) lines(w *tabwriter.Writer) {
	writeRow(w, "KEY", "USE", "NAME", "STATE", "SCOPES", "ENDS", "CREATED", "OWNER", "MADE BY")
	for _, k := range l {
		writeRow(w, k.ID, k.API, k.Name, k.State, k.scopes(), formatTime(k.endsAt), formatTime(k.Created), cmp.Or(k.Owner, "-"), k.createdBy())
	}
}

type createdKey struct {
	keyView
	Text string       `json:"key"`
	Old  *replacedKey `json:"old,omitempty"`
}

// replacedKey is the one in whose place a key was made.
type replacedKey struct {
	ID                      string    `json:"id"`
	GoodUntil               time.Time `json:"goodUntil"`
	RejectedEverywhereAfter time.Time `json:"refusedBy"` // also where it is remembered
}

func (k createdKey) lines(w *tabwriter.Writer) {
	k.keyView.lines(w)
	writeRow(w, "text", k.Text)
	if k.Old != nil {
		writeRow(w, "old key", k.Old.ID+" is good until "+formatTime(k.Old.GoodUntil)+" and refused everywhere by "+formatTime(k.Old.RejectedEverywhereAfter))
	}
	writeRow(w, "\nThis is the only time that it is shown. Keep it as you keep a password.")
}

type createdSecret struct {
	Client string           `json:"client"`
	Secret string           `json:"clientSecret"`
	Old    []replacedSecret `json:"old"` // those that were good, the oldest first
}

type replacedSecret struct {
	GoodUntil time.Time `json:"goodUntil"`
}

func (s createdSecret) lines(w *tabwriter.Writer) {
	writeRow(w, "client", s.Client)
	writeRow(w, "client secret", s.Secret)
	for _, old := range s.Old {
		writeRow(w, "old secret", "is good until "+formatTime(old.GoodUntil)+"; its tokens for an hour more")
	}
	writeRow(w, "\nThis is the only time that it is shown. Keep it as you keep a password.")
}

// statusChange says what became of something, and by when everybody has seen it.
type statusChange struct {
	What        string    `json:"what"`
	ID          string    `json:"id"`
	State       string    `json:"state"`
	EffectiveBy time.Time `json:"seenBy"`
}

func (c statusChange) lines(w *tabwriter.Writer) {
	writeRow(w, c.What, c.ID)
	writeRow(w, "state", c.State)
	writeRow(w, "seen by", formatTime(c.EffectiveBy)+", also where it is remembered")
}

// keyStatusChange is a key and those made by it that were changed with it.
type keyStatusChange struct {
	statusChange
	Made []string `json:"made,omitempty"`
}

func (c keyStatusChange) lines(w *tabwriter.Writer) {
	c.statusChange.lines(w)
	for _, id := range c.Made {
		writeRow(w, "made by it", id)
	}
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
