package loaders

// Session is who asks, as far as statements need to know it. It must not change.
type Session struct {
	Role      string
	Variables map[string]string // session variables, names in lower case, such as x-hasura-user-id
}
