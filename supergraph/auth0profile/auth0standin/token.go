package auth0standin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

const tokenLife = 24 * time.Hour // Auth0's default for Management API tokens

// tokens are the bearer tokens given out, with the time each ends.
type tokens struct {
	mu   sync.Mutex
	ends map[string]time.Time
}

func (t *tokens) issue() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ends == nil {
		t.ends = map[string]time.Time{}
	}
	token := rand.Text()
	t.ends[token] = time.Now().Add(tokenLife)
	return token
}

func (t *tokens) valid(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Now().Before(t.ends[token])
}

// tokenRequest is the body of POST /oauth/token; the names are OAuth 2's (RFC 6749, section 4.4.2)
// with Auth0's audience.
type tokenRequest struct {
	GrantType    string `json:"grant_type"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Audience     string `json:"audience"`
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	asked, err := readTokenRequest(w, r)
	switch {
	case err != nil:
		oauthError(w, http.StatusBadRequest, "invalid_request", "invalid body")
	case asked.GrantType != "client_credentials":
		oauthError(w, http.StatusForbidden, "unauthorized_client", "Grant type not allowed for the client.")
	case !same(asked.ClientID, s.options.ClientID) || !same(asked.ClientSecret, s.options.ClientSecret):
		oauthError(w, http.StatusUnauthorized, "access_denied", "Unauthorized")
	case !strings.HasSuffix(asked.Audience, "/api/v2/"):
		oauthError(w, http.StatusForbidden, "access_denied", "Service not found: audience is not a Management API")
	default:
		writeJSON(w, http.StatusOK, map[string]any{
			"access_token": s.tokens.issue(),
			"scope":        "read:users",
			"expires_in":   int(tokenLife.Seconds()),
			"token_type":   "Bearer",
		})
	}
}

func readTokenRequest(w http.ResponseWriter, r *http.Request) (tokenRequest, error) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	var asked tokenRequest
	if mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mediaType == "application/json" {
		err := json.NewDecoder(r.Body).Decode(&asked)
		return asked, err
	}
	if err := r.ParseForm(); err != nil {
		return asked, err
	}
	asked = tokenRequest{
		GrantType:    r.PostForm.Get("grant_type"),
		ClientID:     r.PostForm.Get("client_id"),
		ClientSecret: r.PostForm.Get("client_secret"),
		Audience:     r.PostForm.Get("audience"),
	}
	if id, secret, ok := r.BasicAuth(); ok {
		asked.ClientID, asked.ClientSecret = id, secret
	}
	return asked, nil
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func oauthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}
