import { countSegments } from './sms-segments.js'
import { acceptMessage, fieldsOf, judgeTwilioCall, refuseAtTwilio, twilioErrors, twilioSettings } from './twilio.js'
import type { Vendor } from './vendor.js'

/** The Messages resource: form fields, 1,600 characters, E.164 numbers. */
export const twilioSms: Vendor = {
  kind: 'twilio_sms',
  settings: (baseUrl) => ({ ...twilioSettings(baseUrl), from: '+15005550006' }),
  address: '+4915112345678',
  answer(request) {
    const { To = '', From, MessagingServiceSid, Body = '' } = fieldsOf(request)
    const refused = judgeTwilioCall(request, 'Messages')
    if (refused) return refused
    if (!/^\+[1-9]\d{6,14}$/.test(To)) return refuseAtTwilio(400, 21211)
    if (From === undefined && MessagingServiceSid === undefined) return refuseAtTwilio(400, 21603)
    if (Body.trim() === '') return refuseAtTwilio(400, 21602)
    // Twilio would take up to 1,600 characters; the settings promise what it may cost.
    if (Body.length > 1_600 || countSegments(Body) > 3) return refuseAtTwilio(400, 21617)
    return acceptMessage()
  },
  read: (request) => fieldsOf(request).Body ?? '',
  errors: twilioErrors,
  textShownMin: 100,
}
