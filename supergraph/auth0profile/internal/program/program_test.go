package program

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type settings struct {
	Listen string        `default:"127.0.0.1:1" help:"Address." from:"T_LISTEN"`
	Fields []string      `help:"Fields." from:"T_FIELDS"`
	TTL    time.Duration `default:"30s" help:"Time." from:"T_TTL"`
	Plain  bool          `help:"Nothing in the environment."`
}

func TestParse(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  map[string]string
		want settings
		err  string // part of the error
	}{
		{name: "defaults", want: settings{Listen: "127.0.0.1:1", TTL: 30 * time.Second}},
		{
			name: "environment", env: map[string]string{"T_LISTEN": ":2", "T_FIELDS": "a,b", "T_TTL": "1m"},
			want: settings{Listen: ":2", Fields: []string{"a", "b"}, TTL: time.Minute},
		},
		{
			name: "a flag wins", args: []string{"--listen", ":3", "--fields=c", "--plain"}, env: map[string]string{"T_LISTEN": ":2", "T_FIELDS": "a,b"},
			want: settings{Listen: ":3", Fields: []string{"c"}, TTL: 30 * time.Second, Plain: true},
		},
		{name: "empty is none", env: map[string]string{"T_LISTEN": "", "": "x"}, want: settings{Listen: "127.0.0.1:1", TTL: 30 * time.Second}},
		{name: "unknown flag", args: []string{"--no"}, err: "--no"},
		{name: "bad duration", env: map[string]string{"T_TTL": "soon"}, err: "--ttl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got settings
			helped, err := Parse(&got, "t", "", tt.args, func(name string) string { return tt.env[name] }, io.Discard)
			if helped || (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("helped %v, error %v, want %q", helped, err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); err == nil && diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("help names the variables", func(t *testing.T) {
		var out bytes.Buffer
		helped, err := Parse(&settings{}, "t", "About it.", []string{"--help"}, func(string) string { return "" }, &out)
		if !helped || err != nil || !strings.Contains(out.String(), "$T_LISTEN") || !strings.Contains(out.String(), "About it.") {
			t.Errorf("helped %v, error %v, %s", helped, err, out.String())
		}
	})
}

func TestListenOnAPortInUse(t *testing.T) {
	first, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	_, err = Listen(t.Context(), first.Addr().String())
	if err == nil || !strings.Contains(err.Error(), first.Addr().String()) {
		t.Errorf("error %v", err)
	}
}

// A request in flight when the signal comes is answered, and drain is called before.
func TestServeDrains(t *testing.T) {
	listener, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	draining := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop()
		<-draining
		_, _ = io.WriteString(w, "done")
	})
	served := make(chan error, 1)
	go func() {
		served <- Serve(ctx, listener, handler, slog.New(slog.DiscardHandler), func() { close(draining) })
	}()
	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "done" {
		t.Errorf("%s, %v", body, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
