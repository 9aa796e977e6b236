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

// fakeSNS is an HTTP server with one response, in SNS's query protocol, for every request.
type fakeSNS struct {
	status    int // 0 closes the connection
	errorCode string

	calls  int
	form   url.Values // the last request's
	header http.Header
}

func (s *fakeSNS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.calls++
	s.form = r.PostForm
	s.header = r.Header
	if s.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(s.status)
	if s.status == http.StatusOK {
		_, _ = io.WriteString(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`)
	}
	if s.errorCode != "" {
		_, _ = fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code><Message>about %s</Message></Error><RequestId>r</RequestId></ErrorResponse>`, s.errorCode, canary)
	}
}

func (s *fakeSNS) sender(t *testing.T, senderID string) *sns.Sender {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := awssns.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
	sender, err := sns.New(client, senderID)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestRequest(t *testing.T) {
	const attribute = "MessageAttributes.entry."
	want := map[string]string{
		"Action": "Publish", "Version": "2010-03-31", "PhoneNumber": canary, "Message": testMessage.Text,
		attribute + "1.Name": "AWS.SNS.SMS.SMSType", attribute + "1.Value.DataType": "String", attribute + "1.Value.StringValue": "Transactional",
	}
	s := &fakeSNS{status: 200}
	if err := s.sender(t, "").Send(t.Context(), testMessage); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name := range s.form {
		got[name] = s.form.Get(name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if got := s.header.Get("Authorization"); !strings.Contains(got, "AKIDEXAMPLE/") || !strings.Contains(got, "/sns/") {
		t.Errorf("Authorization = %q, want a signature for sns", got)
	}
}

func TestSenderIDIsSent(t *testing.T) {
	s := &fakeSNS{status: 200}
	if err := s.sender(t, "CEDULA").Send(t.Context(), testMessage); err != nil {
		t.Fatal(err)
	}
	if form := s.form.Encode(); !strings.Contains(form, "AWS.SNS.SMS.SenderID") || !strings.Contains(form, "CEDULA") {
		t.Errorf("form = %s, want the sender id CEDULA", form)
	}
}

func TestErrorClassification(t *testing.T) {
	for _, tt := range []struct {
		name     string
		status   int
		code     string
		rejected bool
	}{
		{"invalid phone number", 400, "InvalidParameter", true},
		{"invalid phone number, other code", 400, "ParameterValueInvalid", true},
		{"validation error", 400, "ValidationException", true},
		{"opted out", 400, "OptedOut", true},
		{"throttling", 400, "Throttling", false},
		{"access denied", 403, "AuthorizationError", false},
		{"internal error", 500, "InternalError", false},
		{"error without a body", 503, "", false},
		{"connection closed", 0, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &fakeSNS{status: tt.status, errorCode: tt.code}
			err := s.sender(t, "").Send(t.Context(), testMessage)
			checkError(t, err, tt.code, tt.rejected)
			if s.calls != 1 {
				t.Errorf("%d requests, want 1", s.calls)
			}
		})
	}
}

// checkError wants an error with the service's code but nothing of the message or the request.
func checkError(t *testing.T, err error, code string, rejected bool) {
	t.Helper()
	if err == nil {
		t.Fatal("Send = nil, want an error")
	}
	if got := errors.Is(err, messaging.ErrRejected); got != rejected {
		t.Errorf("Send = %v, wraps ErrRejected = %v, want %v", err, got, rejected)
	}
	if !strings.Contains(err.Error(), code) {
		t.Errorf("Send = %v, want the code %s", err, code)
	}
	for _, secret := range []string{canary, "271828", "://"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("Send = %v, which contains %q", err, secret)
		}
	}
}

func TestEndedContextIsNotRejection(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := (&fakeSNS{status: 200}).sender(t, "").Send(ctx, testMessage)
	if !errors.Is(err, context.Canceled) || errors.Is(err, messaging.ErrRejected) {
		t.Errorf("Send = %v, want %v", err, context.Canceled)
	}
}

func TestSenderIDs(t *testing.T) {
	for id, valid := range map[string]bool{
		"": true, "A": true, "CEDULA": true, "1Cedula": true, "Cedula-9": true, "Abcdefghijk": true,
		"123456": false, "Abcdefghijkl": false, "Cédula": false, "-A": false, "A-": false, "A B": false, "A\n": false,
	} {
		if _, err := sns.New(&awssns.Client{}, id); (err == nil) != valid {
			t.Errorf("New(%q) = %v, want valid = %v", id, err, valid)
		}
	}
	if _, err := sns.New(nil, ""); err == nil {
		t.Error("New without a client = nil, want an error")
	}
}
