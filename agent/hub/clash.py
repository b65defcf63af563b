"""Notices by mDNS that another machine goes by this camera's name (RFC 6762, section 9), whenever it comes."""

from __future__ import annotations

import ipaddress

from zeroconf import DNSAddress, DNSOutgoing, DNSQuestion, DNSService, RecordUpdate, RecordUpdateListener, Zeroconf  # type: ignore[attr-defined]
from zeroconf.const import _CLASS_IN, _FLAGS_QR_QUERY, _TYPE_A, _TYPE_AAAA, _TYPE_SRV

from agent.hub.addresses import own_addresses


class Clash(RecordUpdateListener):
    """Hears every record; `other` is where another machine of this name is, "" as long as there is none.

    An address is another's if this computer has none such: a responder of the system (avahi) may announce the same name
    with more of our own addresses, and what we gave up a moment ago (`mine`) may be under way. A port that is not
    ours is another program's.
    """

    def __init__(self, service: str, host: str, port: int) -> None:
        self._service = service
        self._host = host
        self._port = port
        self.mine: set[str] = set()
        self.other = ""

    def ask(self, zeroconf: Zeroconf) -> None:
        """Have everybody answer who goes by the name."""
        question = DNSOutgoing(_FLAGS_QR_QUERY)
        question.add_question(DNSQuestion(self._host, _TYPE_A, _CLASS_IN))
        question.add_question(DNSQuestion(self._host, _TYPE_AAAA, _CLASS_IN))
        question.add_question(DNSQuestion(self._service, _TYPE_SRV, _CLASS_IN))
        zeroconf.async_send(question)

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        """Called by zeroconf for what was heard."""
        for update in records:
            record = update.new
            if record.ttl and not self.other:
                self.other = self._others(record)

    def _others(self, record: object) -> str:
        if isinstance(record, DNSAddress) and record.name.lower() == self._host.lower():
            address = str(ipaddress.ip_address(record.address))
            return "" if address in self.mine | own_addresses() else address
        if isinstance(record, DNSService) and record.name.lower() == self._service.lower():
            return "" if record.port == self._port else f"port {record.port} at {record.server.rstrip('.')}"
        return ""
