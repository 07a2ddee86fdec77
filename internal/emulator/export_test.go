package emulator

// Remembered is how many entries each table holds and may hold.
func (s *Server) Remembered() map[string][2]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.store
	return map[string][2]int{
		"requests":  {st.requests.order.Len(), st.requests.max},
		"codes":     {st.codes.order.Len(), st.codes.max},
		"access":    {st.access.order.Len(), st.access.max},
		"renewals":  {st.renewals.order.Len(), st.renewals.max},
		"consents":  {st.consents.order.Len(), st.consents.max},
		"redirects": {st.redirects.order.Len(), st.redirects.max},
	}
}
