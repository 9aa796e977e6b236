package sns_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/messaging/sns"
)

const canary = "+56900000000"

var testMessage = messaging.RenderedMessage{
	Message: identity.Message{To: canary, Code: "271828", Tenant: "canary-tenant", IdentityID: "canary-id"},
	Text:    "271828 es tu código.",
}

// fakeSNS speaks SNS's query protocol.
type fakeSNS struct {
	status    int
	errorCode string
	onRequest func(*http.Request)
	calls     int
	got       url.Values // the last request's
	header    http.Header
}

func (s *fakeSNS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.calls++
	_ = r.ParseForm()
	s.got, s.header = r.PostForm, r.Header
	if s.onRequest != nil {
		s.onRequest(r)
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(s.status)
	switch {
	case s.status == http.StatusOK:
		_, _ = io.WriteString(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`)
	case s.errorCode != "":
		_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code><Message>about %s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, s.errorCode, canary)
	}
}

func (s *fakeSNS) sender(t *testing.T, id string) *sns.Sender {
	t.Helper()
	front := httptest.NewServer(s)
	t.Cleanup(front.Close)
	client := awssns.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(front.URL), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
	sender, err := sns.New(client, id)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

// attributes reads the message attributes of a request by name.
func attributes(v url.Values) map[string]string {
	found := map[string]string{}
	for n := 1; ; n++ {
		entry := fmt.Sprintf("MessageAttributes.entry.%d.", n)
		name := v.Get(entry + "Name")
		if name == "" {
			return found
		}
		found[name] = v.Get(entry+"Value.DataType") + " " + v.Get(entry+"Value.StringValue")
	}
}

func TestRequest(t *testing.T) {
	for _, id := range []string{"", "CEDULA"} {
		s := &fakeSNS{status: 200}
		if err := s.sender(t, id).Send(t.Context(), testMessage); err != nil {
			t.Fatal(err)
		}
		if s.got.Get("Action") != "Publish" || s.got.Get("PhoneNumber") != canary || s.got.Get("Message") != testMessage.Text || s.got.Has("TopicArn") || s.calls != 1 {
			t.Errorf("%d calls, the last with %v", s.calls, s.got)
		}
		want := map[string]string{"AWS.SNS.SMS.SMSType": "String Transactional"}
		if id != "" {
			want["AWS.SNS.SMS.SenderID"] = "String CEDULA"
		}
		if diff := cmp.Diff(want, attributes(s.got)); diff != "" {
			t.Error(diff)
		}
		if signed := s.header.Get("Authorization"); !strings.Contains(signed, "AKIDEXAMPLE/") || !strings.Contains(signed, "/sns/") {
			t.Errorf("signed %q", signed)
		}
	}
}

func TestErrorClassification(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		kind    string
		refused bool
	}{
		{"no phone number", 400, "InvalidParameter", true},
		{"no phone number, said otherwise", 400, "ParameterValueInvalid", true},
		{"not valid", 400, "ValidationException", true},
		{"who wants no messages", 400, "OptedOut", true},
		{"throttled", 400, "Throttling", false},
		{"throttled otherwise", 429, "Throttled", false},
		{"not allowed", 403, "AuthorizationError", false},
		{"no KMS", 400, "KMSThrottling", false},
		{"broken", 500, "InternalError", false},
		{"broken without a word", 503, "", false},
	} {
		s := &fakeSNS{status: c.status, errorCode: c.kind}
		err := s.sender(t, "").Send(t.Context(), testMessage)
		if err == nil || errors.Is(err, messaging.ErrRejected) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "271828") || !strings.Contains(err.Error(), c.kind)) {
			t.Errorf("%s: says %q", c.name, err)
		}
		if s.calls != 1 {
			t.Errorf("%s: %d calls", c.name, s.calls)
		}
	}
}

func TestUnreadableResponseIsTransient(t *testing.T) {
	s := &fakeSNS{status: 200, onRequest: func(*http.Request) { panic(http.ErrAbortHandler) }}
	if err := s.sender(t, "").Send(t.Context(), testMessage); err == nil || errors.Is(err, messaging.ErrRejected) || strings.Contains(err.Error(), "://") {
		t.Error(err)
	}
	slow := &fakeSNS{status: 200, onRequest: func(r *http.Request) { <-r.Context().Done() }}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := slow.sender(t, "").Send(ctx, testMessage); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, messaging.ErrRejected) {
		t.Error(err)
	}
}

func TestSenderIDs(t *testing.T) {
	for id, good := range map[string]bool{
		"": true, "A": true, "CEDULA": true, "1Cedula": true, "Cedula-9": true, "Abcdefghijk": true,
		"123456": false, "Abcdefghijkl": false, "Cédula": false, "-A": false, "A-": false, "A B": false, "A\n": false,
	} {
		if _, err := sns.New(&awssns.Client{}, id); (err == nil) != good {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := sns.New(nil, ""); err == nil {
		t.Error("no client")
	}
}
